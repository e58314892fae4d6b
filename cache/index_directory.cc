#include "cache/index_directory.h"

#include <rocksdb/env.h>

#include <string_view>
#include <vector>

namespace cache {
namespace {

constexpr std::string_view kAside = ".aside-";

std::string path_of(std::string directory, const std::string& name) {
  directory += '/';
  directory += name;
  return directory;
}

std::vector<std::string> names_in(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  env.GetChildren(directory, &names).PermitUncheckedError();  // Not there: no names.
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  return names;
}

void remove_directory(rocksdb::Env& env, const std::string& directory) {
  // Left-overs are counted as set aside again at the next start, and tried again then.
  for (const std::string& name : names_in(env, directory)) {
    env.DeleteFile(path_of(directory, name)).PermitUncheckedError();
  }
  env.DeleteDir(directory).PermitUncheckedError();
}

std::vector<std::string> asides_of(rocksdb::Env& env, const std::string& directory) {
  const auto slash = directory.find_last_of('/');
  const std::string parent = directory.substr(0, slash);
  const std::string prefix = directory.substr(slash + 1) + std::string(kAside);
  std::vector<std::string> asides;
  for (const std::string& name : names_in(env, parent)) {
    if (name.starts_with(prefix)) asides.push_back(path_of(parent, name));
  }
  return asides;
}

}  // namespace

base::Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(rocksdb::Env& env,
                                                                 const std::string& directory) {
  rocksdb::FileLock* lock = nullptr;
  const auto status = env.LockFile(directory + "/lock", &lock);
  if (status.ok()) return std::unique_ptr<DirectoryLock>(new DirectoryLock(env, lock));
  const std::string reason = status.ToString();
  // RocksDB gives every failure to lock the same code.
  if (reason.find("Permission denied") != std::string::npos ||
      reason.find("Read-only file system") != std::string::npos) {
    return base::fail(base::ErrorCode::kDenied,
                      "cache directory " + directory + " is not writable by this user");
  }
  if (reason.find("lock hold by current process") != std::string::npos ||
      reason.find("Resource temporarily unavailable") != std::string::npos ||
      reason.find("already held") != std::string::npos) {
    return base::fail(base::ErrorCode::kBusy, "cache directory " + directory +
                                                  " is in use by another process: stop it, or "
                                                  "give this one another cache.path");
  }
  return base::fail(base::ErrorCode::kIo, "cache directory " + directory + ": " + reason);
}

DirectoryLock::~DirectoryLock() { env_.UnlockFile(lock_).PermitUncheckedError(); }

base::Bytes size_of_directory(rocksdb::Env& env, const std::string& directory) {
  constexpr std::uint64_t kPage = 4096;
  std::uint64_t bytes = 0;
  for (const std::string& name : names_in(env, directory)) {
    std::uint64_t size = 0;
    // A file that went since it was listed has no size, and needs none.
    if (env.GetFileSize(path_of(directory, name), &size).ok()) {
      bytes += (size + kPage - 1) / kPage * kPage;
    }
  }
  return base::Bytes(bytes);
}

base::Result<base::Bytes> set_aside(rocksdb::Env& env, const std::string& directory,
                                    base::WallTime now, base::Bytes keep_max) {
  for (const std::string& old : asides_of(env, directory)) remove_directory(env, old);
  const base::Bytes size = size_of_directory(env, directory);
  if (size > keep_max) {
    remove_directory(env, directory);
    return base::Bytes(0);
  }
  const std::string aside =
      directory + std::string(kAside) + std::to_string(now.time_since_epoch().count());
  // File by file: not every Env can rename a directory.
  if (const auto status = env.CreateDirIfMissing(aside); !status.ok()) {
    return base::fail(base::ErrorCode::kIo, "set aside " + directory + ": " + status.ToString());
  }
  for (const std::string& name : names_in(env, directory)) {
    const auto status = env.RenameFile(path_of(directory, name), path_of(aside, name));
    if (!status.ok() && !status.IsNotFound()) {
      return base::fail(base::ErrorCode::kIo, "set aside " + directory + ": " + status.ToString());
    }
  }
  env.DeleteDir(directory).PermitUncheckedError();
  return size;
}

base::Bytes bytes_set_aside(rocksdb::Env& env, const std::string& directory) {
  base::Bytes bytes;
  for (const std::string& aside : asides_of(env, directory)) bytes += size_of_directory(env, aside);
  return bytes;
}

}  // namespace cache
