#include "origin/object_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/durable_file.h"
#include "base/random.h"
#include "base/unique_fd.h"
#include "origin/litter.h"
#include "origin/object_store.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using base::file_failed;

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

base::Result<void> ObjectWriter::make_directories(const fs::path& path) {
  if (path == root_) return {};
  if (auto made = make_directories(path.parent_path()); !made) return made;
  // Who finds a directory here may rely on its place: it is synced, or was removed again.
  const base::MutexLock lock(making_);
  if (::mkdir(path.c_str(), 0755) != 0) {
    if (errno == EEXIST) return {};
    return file_failed("make", path);
  }
  auto synced = base::sync_directory(path.parent_path());
  if (!synced) ::rmdir(path.c_str());
  return synced;
}

// Of an object that is there already: by an attempt that failed after the rename, or has yet to sync.
base::Result<void> ObjectWriter::sync_place(const fs::path& home) const {
  fs::path at = home;
  do {
    at = at.parent_path();
    if (auto synced = base::sync_directory(at); !synced) return synced;
  } while (at != root_);
  return {};
}

base::Result<void> ObjectWriter::put(std::string_view name, std::string_view bytes) {
  CHECK(is_object_name(name));
  const fs::path home = root_ / name;
  const fs::path directory = home.parent_path();
  if (auto made = make_directories(directory); !made) return made;
  // A leading dot: never an object's name.
  Unfinished file{directory / ("." + base::random_name(16))};
  const base::UniqueFd fd(::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (fd.get() < 0) {
    const int error = errno;
    file.path.clear();
    return file_failed("make", home, error);
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_failed("write", home);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(fd.get()) != 0) return file_failed("sync", home);
  if (::rename(file.path.c_str(), home.c_str()) != 0) return file_failed("rename", home);
  file.path.clear();
  return base::sync_directory(directory);
}

base::Result<ObjectWriter::Put> ObjectWriter::put_once(std::string_view name,
                                                       std::string_view bytes) {
  if (!has(name)) {
    if (auto done = put(name, bytes); !done) return std::unexpected(done.error());
    return Put::kNew;
  }
  if (auto synced = sync_place(root_ / name); !synced) return std::unexpected(synced.error());
  return Put::kThereAlready;
}

base::Result<void> ObjectWriter::update(std::string_view name, std::string_view bytes) {
  CHECK(is_object_name(name));
  const fs::path home = root_ / name;
  if (read_file(home) != bytes) return put(name, bytes);
  return sync_place(home);
}

base::Result<void> ObjectWriter::copy(std::string_view from, std::string_view name) {
  CHECK(is_object_name(from));
  const auto bytes = read_file(root_ / from);
  if (!bytes) return file_failed("read", root_ / from);
  return update(name, *bytes);
}

base::Result<void> ObjectWriter::remove(std::string_view name) {
  CHECK(is_object_name(name));
  std::error_code error;
  fs::remove_all(root_ / name, error);
  if (error) return file_failed("remove", root_ / name, error.value());
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
