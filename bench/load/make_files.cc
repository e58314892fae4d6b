#include "bench/load/make_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "bench/load/pattern.h"

namespace load {
namespace {

constexpr std::size_t kWriteBytes = 1 << 20;

auto io_failure(const std::string& path) {
  return base::fail(base::ErrorCode::kIo, path + ": " + std::strerror(errno));
}

std::string name_of_file(const MakeFilesOptions& options, std::size_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
  return options.prefix + digits + ".bin";
}

base::Result<void> write_file(const std::string& path, const std::string& name,
                              std::uint64_t size) {
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0 && static_cast<std::uint64_t>(found.st_size) == size) {
    return {};
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return io_failure(path);
  base::Result<void> result;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kWriteBytes, size));
  const std::uint64_t seed = pattern_seed(name);
  for (std::uint64_t offset = 0; result && offset < size;) {
    const auto part =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - offset));
    pattern_fill(seed, offset, part);
    const ssize_t written = ::write(fd, part.data(), part.size());
    if (written < 0) {
      result = io_failure(path);
    } else {
      offset += static_cast<std::uint64_t>(written);
    }
  }
  if (::close(fd) != 0 && result) result = io_failure(path);
  return result;
}

}  // namespace

base::Result<void> make_files(const MakeFilesOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) {
    return base::fail(base::ErrorCode::kIo, options.directory + ": " + error.message());
  }
  std::string list;
  for (std::size_t i = 0; i < options.count; ++i) {
    const std::string name = name_of_file(options, i);
    const std::string path = options.directory + "/" + name;
    if (auto written = write_file(path, name, options.size.count()); !written) return written;
    list.append("/").append(name).append(" ");
    list.append(std::to_string(options.size.count())).append("\n");
  }
  if (options.list_file.empty()) return {};
  std::ofstream file(options.list_file);
  file << list;
  file.close();
  if (!file) return io_failure(options.list_file);
  return {};
}

}  // namespace load
