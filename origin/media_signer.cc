#include "origin/media_signer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/durable_file.h"
#include "base/random.h"
#include "base/unique_fd.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr std::size_t kFileBytesMax = 16 * 1'024;

std::unexpected<base::Error> failed(const char* what, const fs::path& path, int error) {
  return base::fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                    std::string(what) + " " + path.native() + ": " + std::strerror(error));
}

base::Result<std::string> read_file(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed("can't open", path, errno);
  std::string text;
  std::array<char, 4'096> piece{};
  while (text.size() <= kFileBytesMax) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("can't read", path, errno);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return base::fail(ErrorCode::kInvalid, path + ": too large for a key");
}

base::Result<void> write_synced(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("can't write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return failed("can't sync", path, errno);
  return {};
}

// Under a name of its own first, then linked to `path`: another process that does the same at the
// same time finds the name taken, and both read what the first one linked.
base::Result<void> make_file(const fs::path& path) {
  const fs::path directory = path.parent_path();
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return base::fail(ErrorCode::kIo, directory.native() + ": " + error.message());
  const fs::path unfinished = directory / ("." + base::random_name(16));
  const base::UniqueFd file(
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed("can't make", path, errno);
  auto done = write_synced(file.get(), base::Ed25519PrivateKey::make().to_pem(), path);
  if (done && ::link(unfinished.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    done = failed("can't make", path, errno);
  }
  ::unlink(unfinished.c_str());
  if (!done) return done;
  return base::sync_directory(directory);
}

}  // namespace

base::Result<MediaSigner> MediaSigner::read(const std::string& key_id, const std::string& file) {
  const auto pem = read_file(file);
  if (!pem) return std::unexpected(pem.error());
  auto key = base::Ed25519PrivateKey::from_pem(*pem);
  if (!key) return base::fail(key.error().code, file + ": " + key.error().context);
  return MediaSigner(key_id, std::move(*key));
}

base::Result<MediaSigner> MediaSigner::read_or_make(const std::string& key_id,
                                                    const std::string& file) {
  auto known = read(key_id, file);
  if (known || known.error().code != ErrorCode::kNotFound) return known;
  if (auto made = make_file(file); !made) return std::unexpected(made.error());
  return read(key_id, file);
}

}  // namespace origin
