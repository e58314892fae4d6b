#include "cli/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/sha256.h"

namespace cli {

using base::ErrorCode;

base::Result<SourceFile> SourceFile::open(const std::string& path) {
  SourceFile file;
  file.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts{};
  if (file.fd_.get() < 0 || ::fstat(file.fd_.get(), &facts) != 0) {
    return base::fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kDenied,
                      path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(facts.st_mode)) return base::fail(ErrorCode::kInvalid, path + ": not a file");
  if (facts.st_size == 0) return base::fail(ErrorCode::kInvalid, path + ": it is empty");
  file.size_ = static_cast<std::uint64_t>(facts.st_size);
  return file;
}

base::Result<void> SourceFile::read(std::uint64_t offset, std::span<char> into) const {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(ErrorCode::kIo, std::strerror(errno));
    if (got == 0) return base::fail(ErrorCode::kInvalid, "the file became shorter meanwhile");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

base::Result<std::string> SourceFile::hash(std::uint64_t offset, std::uint64_t length) const {
  constexpr std::size_t kPiece = 256 * 1024;  // Still in the cache when it is hashed.
  const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
  base::Sha256 hash;
  for (const std::uint64_t end = offset + length; offset < end;) {
    const std::span<char> part(piece.get(), std::min<std::uint64_t>(kPiece, end - offset));
    if (auto got = read(offset, part); !got) return std::unexpected(got.error());
    hash.update({part.data(), part.size()});
    offset += part.size();
  }
  return hash.finish_hex();
}

}  // namespace cli
