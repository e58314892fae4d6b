// FileSystem: the region files' disk, as a parameter, so that a test can fail any call and a
// simulation can lose unsynced writes.
//
// Threads    Files may be read and written from several threads at once (pread, pwrite).
// Errors     kIo, kNoSpace, kDenied, kNotFound, kBusy; context names the call and the path.
// Names      A file that open() created, and a rename, survive a power cut once a later sync() of
//            that file has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace cache {

inline constexpr std::size_t kDirectAlignment = 4096;

class File {
 public:
  virtual ~File() = default;
  // All of `into`, or an error; past the end is kCorrupt.
  virtual base::Result<void> read(std::uint64_t offset, std::span<char> into) = 0;
  virtual base::Result<void> write(std::uint64_t offset, std::span<const char> bytes) = 0;
  // Reserves real space up to `size`: kNoSpace now, not later.
  virtual base::Result<void> allocate(std::uint64_t size) = 0;
  virtual base::Result<void> sync() = 0;

  // The same for bytes that lie apart in memory and together in the file, with one call where the
  // system has one. At most kPiecesMax pieces.
  static constexpr std::size_t kPiecesMax = 256;
  virtual base::Result<void> read_pieces(std::uint64_t offset,
                                         std::span<const std::span<char>> into);
  virtual base::Result<void> write_pieces(std::uint64_t offset,
                                          std::span<const std::span<const char>> pieces);
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual base::Result<std::unique_ptr<File>> open(const std::string& path, bool create) = 0;
  // A file whose callers keep offsets, lengths and addresses at multiples of kDirectAlignment, so
  // that the page cache can be passed by. Where that can't be had: as open().
  virtual base::Result<std::unique_ptr<File>> open_direct(const std::string& path, bool create) {
    return open(path, create);
  }
  virtual base::Result<void> remove(const std::string& path) = 0;
  virtual base::Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual base::Result<void> make_directory(const std::string& path) = 0;
  virtual base::Result<std::vector<std::string>> list(const std::string& path) = 0;  // Names.
  // What the file system that holds `path` has room for, beside what is there. None: not known.
  virtual std::optional<base::Bytes> room(const std::string& /*path*/) { return std::nullopt; }
};

std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace cache
