// The index's directory, as far as it is not RocksDB's own business: who uses it, how large it is,
// and putting it out of the way when it can't be read.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace rocksdb {
class Env;
class FileLock;
}  // namespace rocksdb

namespace cache {

// Held while a process uses a cache directory. kBusy names the directory.
class DirectoryLock {
 public:
  static base::Result<std::unique_ptr<DirectoryLock>> take(rocksdb::Env& env,
                                                           const std::string& directory);
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock();

 private:
  DirectoryLock(rocksdb::Env& env, rocksdb::FileLock* lock) : env_(env), lock_(lock) {}
  rocksdb::Env& env_;
  rocksdb::FileLock* lock_;
};

// Of the files in it, each rounded up to whole 4 KiB; 0 when there is none.
base::Bytes size_of_directory(rocksdb::Env& env, const std::string& directory);

// Renames `directory` to `directory`.aside-MILLISECONDS. Others set aside before are removed, and
// so is this one when it is larger than `keep_max`. Returns the bytes that are kept.
base::Result<base::Bytes> set_aside(rocksdb::Env& env, const std::string& directory,
                                    base::WallTime now, base::Bytes keep_max);
// Of the ones set aside earlier.
base::Bytes bytes_set_aside(rocksdb::Env& env, const std::string& directory);

}  // namespace cache
