// PurgeLog: purges, numbered, made durable and published, in this order. docs/cache.md, "Purge".
//
// The index holds the entries. A file of two slots beside it holds the newest number, so that an
// index that lost some of them, by damage or by restoring an old copy, is noticed at start.
//
// Used on the index thread, and at start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "cache/file_system.h"
#include "cache/index.h"
#include "cache/purge.h"

namespace cache {

// The newest acknowledged purge's number in its file.
class PurgeMark {
 public:
  // 0: there is no file. kCorrupt: none of its slots can be read.
  static base::Result<std::uint64_t> read(FileSystem& files, const std::string& path);
  // Begins anew with this number.
  static base::Result<std::unique_ptr<PurgeMark>> create(FileSystem& files, const std::string& path,
                                                         std::uint64_t sequence);
  base::Result<void> write(std::uint64_t sequence);  // Synced.

 private:
  explicit PurgeMark(std::unique_ptr<File> file) : file_(std::move(file)) {}
  base::Result<void> write_slot(std::uint64_t slot, std::uint64_t sequence);

  std::unique_ptr<File> file_;
  std::uint64_t next_slot_ = 0;
};

class PurgeLog {
 public:
  static constexpr std::size_t kEntriesMax = 131'072;
  static constexpr std::size_t kTextMax = 8'192;  // Bytes of Purge::text.

  PurgeLog(Index& index, PurgeTable& table, std::unique_ptr<PurgeMark> mark)
      : index_(index), table_(table), mark_(std::move(mark)) {}

  // Fills an empty table. kCorrupt: something of it can't be read, or `newest` is missing.
  static base::Result<void> load(const Index& index, std::uint64_t newest, PurgeTable& table);

  // An error: published, but not durable; kInvalid and kTooLarge: nothing was done.
  base::Result<std::uint64_t> purge(Purge purge);

 private:
  void drop_below_floor();

  Index& index_;
  PurgeTable& table_;
  std::unique_ptr<PurgeMark> mark_;
};

}  // namespace cache
