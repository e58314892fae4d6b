// FileSystem: the region files' disk, as a parameter, so that a test can fail any call and a
// simulation can lose unsynced writes.
//
// Threads    Files may be read and written from several threads at once (pread, pwrite).
// Errors     kIo, kNoSpace, kDenied, kNotFound, kBusy; context names the call and the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cache {

class File {
 public:
  virtual ~File() = default;
  // All of `into`, or an error; past the end is kCorrupt.
  virtual base::Result<void> read(std::uint64_t offset, std::span<char> into) = 0;
  virtual base::Result<void> write(std::uint64_t offset, std::span<const char> bytes) = 0;
  virtual base::Result<void> allocate(std::uint64_t size) = 0;  // Reserves real space: kNoSpace
                                                                // now, not later.
  virtual base::Result<void> sync() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual base::Result<std::unique_ptr<File>> open(const std::string& path, bool create) = 0;
  virtual base::Result<void> remove(const std::string& path) = 0;
  virtual base::Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual base::Result<void> make_directory(const std::string& path) = 0;
  virtual base::Result<std::vector<std::string>> list(const std::string& path) = 0;  // Names.
};

std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace cache
