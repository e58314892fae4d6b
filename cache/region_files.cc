#include "cache/region_files.h"

#include <charconv>
#include <utility>

#include "base/log.h"

namespace cache {
namespace {

constexpr std::size_t kDigits = 8;

}  // namespace

RegionFiles::RegionFiles(FileSystem& files, std::string directory, base::Bytes region_size,
                         bool direct_io)
    : files_(files),
      directory_(std::move(directory)),
      region_size_(region_size),
      direct_io_(direct_io) {}

std::string RegionFiles::path_of(std::uint32_t number) const {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return directory_ + "/" + digits;
}

base::Result<void> RegionFiles::make_directory() { return files_.make_directory(directory_); }

base::Result<std::vector<std::uint32_t>> RegionFiles::list() {
  const auto names = files_.list(directory_);
  if (!names) return std::unexpected(names.error());
  std::vector<std::uint32_t> numbers;
  for (const std::string& name : *names) {
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [parsed_to, error] = std::from_chars(name.data(), end, number);
    if (error == std::errc() && parsed_to == end && path_of(number) == directory_ + "/" + name) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

base::Result<std::unique_ptr<File>> RegionFiles::open_with(std::uint32_t number, bool create) {
  const std::string path = path_of(number);
  return direct_io_ ? files_.open_direct(path, create) : files_.open(path, create);
}

base::Result<std::unique_ptr<File>> RegionFiles::open(std::uint32_t number) {
  return open_with(number, false);
}

base::Result<std::unique_ptr<File>> RegionFiles::make(std::uint32_t number) {
  auto file = open_with(number, true);
  if (!file) return file;
  if (const auto reserved = (*file)->allocate(region_size_.count()); !reserved) {
    file->reset();
    remove(number);
    return std::unexpected(reserved.error());
  }
  return file;
}

void RegionFiles::remove(std::uint32_t number) {
  // A file that stays is found again, and removed, at the next start.
  if (const auto removed = files_.remove(path_of(number)); !removed) {
    if (removed.error().code == base::ErrorCode::kNotFound) return;
    base::log_warning("cache.region_not_removed", {{"reason", removed.error().context}});
  }
}

}  // namespace cache
