#include "cache/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace cache {

base::Result<void> File::read_pieces(std::uint64_t offset, std::span<const std::span<char>> into) {
  for (const auto piece : into) {
    if (auto done = read(offset, piece); !done) return done;
    offset += piece.size();
  }
  return {};
}

base::Result<void> File::write_pieces(std::uint64_t offset,
                                      std::span<const std::span<const char>> pieces) {
  for (const auto piece : pieces) {
    if (auto done = write(offset, piece); !done) return done;
    offset += piece.size();
  }
  return {};
}

namespace {

std::unexpected<base::Error> fail_with(int error, std::string_view call, const std::string& path) {
  base::ErrorCode code = base::ErrorCode::kIo;
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = base::ErrorCode::kNoSpace;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = base::ErrorCode::kDenied;
      break;
    case ENOENT:
      code = base::ErrorCode::kNotFound;
      break;
    case EBUSY:
    case ETXTBSY:
      code = base::ErrorCode::kBusy;
      break;
    default:
      break;
  }
  return base::fail(code,
                    std::string(call) + " " + path + ": " + std::generic_category().message(error));
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

template <class Call>
auto retried(Call&& call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(descriptor_); }

  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    const std::span<char> pieces[] = {into};
    return read_pieces(offset, pieces);
  }

  base::Result<void> write(std::uint64_t offset, std::span<const char> bytes) override {
    const std::span<const char> pieces[] = {bytes};
    return write_pieces(offset, pieces);
  }

  base::Result<void> read_pieces(std::uint64_t offset,
                                 std::span<const std::span<char>> into) override {
    Vectors vectors(into);
    while (!vectors.done()) {
      const ssize_t count = retried([&] {
        return ::preadv(descriptor_, vectors.data(), vectors.size(), static_cast<off_t>(offset));
      });
      if (count < 0) return fail_with(errno, "read", path_);
      if (count == 0) {
        return base::fail(base::ErrorCode::kCorrupt, "read " + path_ + ": ends too early");
      }
      offset += static_cast<std::uint64_t>(count);
      vectors.advance(static_cast<std::size_t>(count));
    }
    return {};
  }

  base::Result<void> write_pieces(std::uint64_t offset,
                                  std::span<const std::span<const char>> pieces) override {
    Vectors vectors(pieces);
    while (!vectors.done()) {
      const ssize_t count = retried([&] {
        return ::pwritev(descriptor_, vectors.data(), vectors.size(), static_cast<off_t>(offset));
      });
      if (count < 0) return fail_with(errno, "write", path_);
      offset += static_cast<std::uint64_t>(count);
      vectors.advance(static_cast<std::size_t>(count));
    }
    return {};
  }

  base::Result<void> allocate(std::uint64_t size) override {
    // posix_fallocate() gives its error back instead of setting errno, and writes zeros where the
    // file system has no extents to reserve: slow there, but never a promise it can't keep.
    int error = 0;
    do {
      error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
    } while (error == EINTR);
    if (error != 0) return fail_with(error, "allocate", path_);
    return {};
  }

  base::Result<void> sync() override {
    if (retried([&] { return ::fdatasync(descriptor_); }) < 0) {
      return fail_with(errno, "sync", path_);
    }
    if (!named_durably_) {
      if (auto done = sync_directory(); !done) return done;
      named_durably_ = true;
    }
    return {};
  }

 private:
  class Vectors {
   public:
    template <class Piece>
    explicit Vectors(std::span<const Piece> pieces) : count_(pieces.size()) {
      CHECK(count_ <= kPiecesMax);
      for (std::size_t i = 0; i < count_; ++i) {
        vectors_[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
      }
      advance(0);
    }
    [[nodiscard]] bool done() const { return first_ == count_; }
    [[nodiscard]] const iovec* data() const { return &vectors_[first_]; }
    [[nodiscard]] int size() const { return static_cast<int>(count_ - first_); }
    void advance(std::size_t bytes) {
      while (first_ < count_ && bytes >= vectors_[first_].iov_len) {
        bytes -= vectors_[first_++].iov_len;
      }
      if (first_ == count_) return;
      vectors_[first_].iov_base = static_cast<char*>(vectors_[first_].iov_base) + bytes;
      vectors_[first_].iov_len -= bytes;
    }

   private:
    std::array<iovec, kPiecesMax> vectors_;
    std::size_t first_ = 0;
    std::size_t count_;
  };

  base::Result<void> sync_directory() {
    const std::string directory = parent_of(path_);
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail_with(errno, "open", directory);
    const int result = retried([&] { return ::fsync(descriptor); });
    const int error = errno;
    ::close(descriptor);
    if (result < 0) return fail_with(error, "sync", directory);
    return {};
  }

  const int descriptor_;
  const std::string path_;
  bool named_durably_ = false;  // One thread at a time syncs a file.
};

class PosixFileSystem final : public FileSystem {
 public:
  base::Result<std::unique_ptr<File>> open(const std::string& path, bool create) override {
    return open_with(path, create ? O_CREAT : 0);
  }

  base::Result<std::unique_ptr<File>> open_direct(const std::string& path, bool create) override {
    const int flags = create ? O_CREAT : 0;
    auto file = open_with(path, flags | O_DIRECT);
    // tmpfs and some network file systems refuse the flag, each with an error of its own.
    return file || file.error().code == base::ErrorCode::kNotFound ? std::move(file)
                                                                   : open_with(path, flags);
  }

  base::Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) < 0) return fail_with(errno, "remove", path);
    return {};
  }

  base::Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return fail_with(errno, "rename", from);
    return {};
  }

  base::Result<void> make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0750) < 0 && errno != EEXIST) {
      return fail_with(errno, "make directory", path);
    }
    return {};
  }

  base::Result<std::vector<std::string>> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
    if (!directory) return fail_with(errno, "list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return fail_with(errno, "list", path);
    std::ranges::sort(names);
    return names;
  }

  std::optional<base::Bytes> room(const std::string& path) override {
    struct statvfs is{};
    if (::statvfs(path.c_str(), &is) < 0) return std::nullopt;
    return base::Bytes(std::uint64_t{is.f_bavail} * is.f_frsize);
  }

 private:
  static base::Result<std::unique_ptr<File>> open_with(const std::string& path, int flags) {
    const int descriptor =
        retried([&] { return ::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0640); });
    if (descriptor < 0) return fail_with(errno, "open", path);
    return std::make_unique<PosixFile>(descriptor, path);
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace cache
