#include "origin/local_store.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>

namespace origin {
namespace {

using base::ErrorCode;

int open_beneath(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    // The kernel asks for another try when a rename raced with a "..": in a link's target here.
    constexpr int kTriesMax = 16;
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == kTriesMax) {
      return static_cast<int>(fd);
    }
  }
}

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// What tells one content from another; see the header.
struct Version {
  std::uint64_t device, inode, size;
  std::int64_t mtime, ctime;
  bool operator==(const Version&) const = default;
};

Version version_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

// splitmix64's finaliser: every bit of the input reaches every bit of the result.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::string digest(const Version& version) {
  std::string text;
  for (std::uint64_t hash : {0x9e3779b97f4a7c15U, 0xc2b2ae3d27d4eb4fU}) {
    for (const std::uint64_t word :
         {version.device, version.inode, version.size, std::bit_cast<std::uint64_t>(version.mtime),
          std::bit_cast<std::uint64_t>(version.ctime)}) {
      hash = mix(hash + word + 0x9e3779b97f4a7c15);
    }
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(hash >> shift) & 15];
  }
  return text;
}

class LocalObject final : public StoredObject {
 public:
  LocalObject(base::UniqueFd file, const Version& version, ObjectInfo info)
      : file_(std::move(file)), version_(version), info_(std::move(info)) {}

  [[nodiscard]] const ObjectInfo& info() const override { return info_; }

  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    while (!into.empty()) {
      const ssize_t got = pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return base::fail(ErrorCode::kIo, std::strerror(errno));
      if (got == 0) return base::fail(ErrorCode::kCorrupt, "a file was cut while it was served");
      offset += static_cast<std::uint64_t>(got);
      into = into.subspan(static_cast<std::size_t>(got));
    }
    // After the read: a change before it shows, too.
    struct stat status{};
    if (fstat(file_.get(), &status) != 0) return base::fail(ErrorCode::kIo, std::strerror(errno));
    // A new name or mode, or the last name gone, moves ctime alone and leaves the bytes; so may a
    // rewrite that puts mtime back, but whoever does that while the file is served is on their own.
    const Version now = version_of(status);
    if (now.size != version_.size || now.mtime != version_.mtime) {
      return base::fail(ErrorCode::kCorrupt, "a file changed while it was served");
    }
    return {};
  }

 private:
  const base::UniqueFd file_;
  const Version version_;
  const ObjectInfo info_;
};

}  // namespace

base::Result<LocalStore> LocalStore::at(const std::filesystem::path& root,
                                        const base::Clock& clock) {
  base::UniqueFd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    const ErrorCode code = errno == ENOENT    ? ErrorCode::kNotFound
                           : errno == EACCES  ? ErrorCode::kDenied
                           : errno == ENOTDIR ? ErrorCode::kInvalid
                                              : ErrorCode::kIo;
    return base::fail(code, root.string() + ": " + std::strerror(errno));
  }
  const base::UniqueFd probe(open_beneath(directory.get(), ".", O_PATH));
  if (!probe) {
    return base::fail(ErrorCode::kUnsupported,
                      std::string("openat2, without which no file is safe to serve: ") +
                          std::strerror(errno) + " (Linux 5.6 or later is needed)");
  }
  return LocalStore(std::move(directory), clock);
}

base::Result<std::unique_ptr<StoredObject>> LocalStore::open(std::string_view name) const {
  if (!is_object_name(name)) return base::fail(ErrorCode::kNotFound, "no object has such a name");
  // Non-blocking, so that opening a pipe does not wait for its writer; no effect on files.
  base::UniqueFd file(open_beneath(root_.get(), std::string(name).c_str(), O_RDONLY | O_NONBLOCK));
  if (!file) {
    switch (errno) {
      case EMFILE:
      case ENFILE:
      case ENOMEM:
      case EAGAIN:
        return base::fail(ErrorCode::kOverloaded, std::strerror(errno));
      case EIO:
        return base::fail(ErrorCode::kIo, std::strerror(errno));
      default:  // ENOENT, ENOTDIR, EXDEV, ELOOP, EACCES, ...: there, perhaps, but not for viewers.
        return base::fail(ErrorCode::kNotFound, std::strerror(errno));
    }
  }
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return base::fail(ErrorCode::kIo, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return base::fail(ErrorCode::kNotFound, "not a regular file");

  const Version version = version_of(status);
  const auto changed = std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::sys_time(std::chrono::nanoseconds(version.ctime)));
  const bool settled = clock_->wall() - changed >= kSettled;
  ObjectInfo info;
  info.size = version.size;
  info.modified = std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::sys_time(std::chrono::nanoseconds(version.mtime)));
  info.etag = (settled ? "\"" : "W/\"") + digest(version) + "\"";
  return std::make_unique<LocalObject>(std::move(file), version, std::move(info));
}

}  // namespace origin
