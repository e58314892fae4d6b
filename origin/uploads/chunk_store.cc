#include "origin/uploads/chunk_store.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/durable_file.h"
#include "base/random.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::file_failed;

constexpr std::uint64_t kWriteBackStep = 2u << 20;

}  // namespace

base::Result<std::unique_ptr<ChunkStore>> ChunkStore::open(const fs::path& directory,
                                                           base::Bytes disk_free_min) {
  std::error_code error;
  // All of them at once, so that a chunk's directory never has to be made durable later.
  std::unique_ptr<ChunkStore> store(new ChunkStore(directory, disk_free_min));
  for (int i = 0; i < 256 && !error; ++i) {
    fs::create_directories(store->directory_of(static_cast<std::uint8_t>(i)), error);
  }
  if (!error) fs::remove_all(directory / "new", error);
  if (!error) fs::create_directory(directory / "new", error);
  if (error) return base::fail(ErrorCode::kIo, directory.native() + ": " + error.message());
  if (auto synced = base::sync_directory(directory); !synced) {
    return std::unexpected(synced.error());
  }
  return store;
}

fs::path ChunkStore::path_of(std::string_view hash) const {
  CHECK(base::is_sha256_hex(hash));
  return directory_ / hash.substr(0, 2) / hash;
}

fs::path ChunkStore::directory_of(std::uint8_t first_byte) const {
  std::array<char, 3> name{};
  std::snprintf(name.data(), name.size(), "%02x", unsigned{first_byte});
  return directory_ / name.data();
}

base::Result<ChunkStore::Writer> ChunkStore::begin(std::uint64_t size) {
  struct statvfs space{};
  if (::statvfs(directory_.c_str(), &space) != 0) return file_failed("look at", directory_);
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (free < disk_free_min_.count() + size) {
    return base::fail(ErrorCode::kNoSpace, directory_.native() + " has only " +
                                               base::to_string(base::Bytes(free)) + " free");
  }
  fs::path path = directory_ / "new" / base::random_name(20);
  base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (file.get() < 0) return file_failed("make", path);
  return Writer(*this, std::move(path), std::move(file));
}

base::Result<ChunkStore::Writer> ChunkStore::resume(const fs::path& path, std::uint64_t size) {
  // A copy, so that what was acknowledged stays as it is whatever happens to this one.
  auto writer = begin(size);
  if (!writer) return writer;
  const base::UniqueFd kept(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (kept.get() < 0) return file_failed("open", path);
  std::string buffer(std::min<std::uint64_t>(size, 1u << 20), '\0');
  while (writer->size() < size) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), size - writer->size());
    const ssize_t got = ::read(kept.get(), buffer.data(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failed("read", path);
    if (got == 0) return base::fail(ErrorCode::kCorrupt, path.native() + " is too short");
    if (auto appended = writer->append({buffer.data(), static_cast<std::size_t>(got)}); !appended) {
      return std::unexpected(appended.error());
    }
  }
  return writer;
}

ChunkStore::Writer::~Writer() {
  if (file_.get() >= 0 && !path_.empty()) ::unlink(path_.c_str());
}

base::Result<void> ChunkStore::Writer::append(std::string_view bytes) {
  if (bytes.size() > kChunkMax.count() - size_) {
    return base::fail(ErrorCode::kTooLarge, "a chunk may have " + base::to_string(kChunkMax),
                      base::Blame::kClient);
  }
  hash_.update(bytes);
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_failed("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  // The disk begins while the rest is still coming, so that finish() waits for less of it. Only a
  // beginning: whether it fails is finish()'s to say.
  if (size_ - begun_ >= kWriteBackStep) {
    std::ignore = ::sync_file_range(file_.get(), static_cast<off64_t>(begun_),
                                    static_cast<off64_t>(size_ - begun_), SYNC_FILE_RANGE_WRITE);
    begun_ = size_;
  }
  return {};
}

base::Result<std::string> ChunkStore::Writer::finish(std::string_view expected) {
  std::string hash = hash_.finish_hex();
  if (!expected.empty() && hash != expected) {
    return base::fail(ErrorCode::kInvalid,
                      "the bytes have the SHA-256 " + hash + ", not the one that was named",
                      base::Blame::kClient);
  }
  if (::fdatasync(file_.get()) != 0) return file_failed("sync", path_);
  const fs::path home = store_->path_of(hash);
  if (::rename(path_.c_str(), home.c_str()) != 0) return file_failed("rename", path_);
  path_.clear();
  if (auto synced = base::sync_directory(home.parent_path()); !synced) {
    return std::unexpected(synced.error());
  }
  return hash;
}

base::Result<void> ChunkStore::Writer::keep_as(const fs::path& path) {
  if (::fdatasync(file_.get()) != 0) return file_failed("sync", path_);
  if (::rename(path_.c_str(), path.c_str()) != 0) return file_failed("rename", path_);
  path_.clear();
  return base::sync_directory(path.parent_path());
}

bool ChunkStore::has(std::string_view hash) const {
  return ::access(path_of(hash).c_str(), F_OK) == 0;
}

base::Result<void> ChunkStore::read(std::string_view hash, std::uint64_t offset,
                                    std::span<char> into) const {
  const fs::path path = path_of(hash);
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return base::fail(ErrorCode::kNotFound, "no chunk " + std::string(hash));
    return file_failed("open", path);
  }
  while (!into.empty()) {
    const ssize_t got = ::pread(file.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failed("read", path);
    if (got == 0) return base::fail(ErrorCode::kCorrupt, path.native() + " is too short");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

base::Result<void> ChunkStore::remove(std::string_view hash) {
  const fs::path path = path_of(hash);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return file_failed("remove", path);
  return {};
}

}  // namespace origin
