#include "origin/object_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "base/unique_fd.h"
#include "origin/litter.h"
#include "origin/object_store.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

std::unexpected<base::Error> failed(const char* what, const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return base::fail(full ? ErrorCode::kNoSpace : ErrorCode::kIo,
                    std::string(what) + " " + path.native() + ": " + std::strerror(error));
}

base::Result<void> sync_directory(const fs::path& path) {
  const base::UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed("sync", path, errno);
  return {};
}

// With all that is above it, up to `root`.
base::Result<void> make_directories(const fs::path& root, const fs::path& path) {
  if (path == root || fs::is_directory(path)) return {};
  if (auto made = make_directories(root, path.parent_path()); !made) return made;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return failed("make", path, errno);
  return sync_directory(path.parent_path());
}

// None: it can't be read, or isn't there.
std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || !bytes) return std::nullopt;
  return std::move(bytes).str();
}

// Removes the file unless it was put in place.
struct Unfinished {
  fs::path path;
  ~Unfinished() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

}  // namespace

base::Result<void> ObjectWriter::put(std::string_view name, std::string_view bytes) {
  CHECK(is_object_name(name));
  const fs::path home = root_ / name;
  const fs::path directory = home.parent_path();
  if (auto made = make_directories(root_, directory); !made) return made;
  // A leading dot: never an object's name.
  Unfinished file{directory / ("." + base::random_name(16))};
  const base::UniqueFd fd(::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (fd.get() < 0) {
    const int error = errno;
    file.path.clear();
    return failed("make", home, error);
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", home, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(fd.get()) != 0) return failed("sync", home, errno);
  if (::rename(file.path.c_str(), home.c_str()) != 0) return failed("rename", home, errno);
  file.path.clear();
  return sync_directory(directory);
}

base::Result<void> ObjectWriter::update(std::string_view name, std::string_view bytes) {
  CHECK(is_object_name(name));
  const fs::path home = root_ / name;
  if (read_file(home) != bytes) return put(name, bytes);
  // A crash may have come between its rename and this.
  return sync_directory(home.parent_path());
}

base::Result<void> ObjectWriter::copy(std::string_view from, std::string_view name) {
  CHECK(is_object_name(from));
  const auto bytes = read_file(root_ / from);
  if (!bytes) return failed("read", root_ / from, errno);
  return update(name, *bytes);
}

base::Result<void> ObjectWriter::remove(std::string_view name) {
  CHECK(is_object_name(name));
  std::error_code error;
  fs::remove_all(root_ / name, error);
  if (error) return failed("remove", root_ / name, error.value());
  return {};
}

std::vector<std::string> ObjectWriter::older_than(std::string_view directory,
                                                  std::int64_t before_us) const {
  return names_older_than(root_ / directory, before_us);
}

bool ObjectWriter::has(std::string_view name) const {
  return is_object_name(name) && ::access((root_ / name).c_str(), F_OK) == 0;
}

}  // namespace origin
