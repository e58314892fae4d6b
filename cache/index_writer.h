// IndexWriter: every change of the index but purges, on the index thread. docs/cache.md, steps
// W4-W5, E2 and R3.
//
// Its methods run on the index thread. A change to an entry that is there already is conditional on
// the entry that its caller read: what has changed since is left alone.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cache/disk_parts.h"
#include "cache/index_record.h"

namespace cache {

// A chunk whose bytes are in a region file, or that goes into the index whole.
struct ChunkCommit {
  base::Ref<Object> object;
  base::Ref<Chunk> chunk;
  ChunkEntry entry;
};

// What the reclaimer decided about one entry of its region.
struct Relocation {
  enum class What { kErase, kMove, kNewHome };
  What what = What::kErase;
  DiskPlace from;         // Where it lies in the region that is reclaimed.
  std::string index_key;  // Empty: the content entry is damaged; only it goes.
  std::string value;      // As it was read; empty: it was not there.
  ChunkEntry moved;       // kMove: with its new place.
};

class IndexWriter {
 public:
  explicit IndexWriter(DiskParts& parts) : parts_(parts) {}

  base::Result<void> open_region(std::uint32_t number, const RegionEntry& entry);

  // Each chunk's outcome. Places taken in file regions are settled, whatever happens.
  std::vector<base::Result<void>> commit(const std::vector<ChunkCommit>& commits);
  base::Result<void> put_record(const Record& record);
  void erase_record(const Key& key, const Version& version);
  void erase_entry(const std::string& key, const std::string& value);

  // Reclaim's. The places of moved chunks are settled. How many were moved or kept.
  base::Result<std::size_t> relocate(const std::vector<Relocation>& relocations);

 private:
  struct Batch;
  base::Result<void> add_chunk(const ChunkCommit& commit, Batch& batch);
  base::Result<void> add_record(const Record& record, std::optional<DiskPlace> home, Batch& batch);
  base::Result<void> add_relocation(const Relocation& relocation, Batch& batch);
  base::Result<DiskPlace> take_home(Regions::Use use, Batch& batch);
  void add_content(const DiskPlace& place, std::uint32_t length, const std::string& key,
                   std::size_t value_size, Batch& batch);
  base::Result<bool> record_wanted(const ChunkCommit& commit, const Batch& batch);
  bool all_other_chunks_there(const Object& object, std::optional<std::uint32_t> but);
  base::Result<void> write(Batch& batch, Index::Write how);

  DiskParts& parts_;
  // Whether `object` was fetched before the version that is stored under its key. By number, not by
  // time: a clock may step back.
  [[nodiscard]] bool is_older(const Object& object, const Object& stored) const;
  void note_stored(const Object& object);

  // Rows of regions that are open already; they go with the next write that succeeds.
  std::vector<std::pair<std::uint32_t, RegionEntry>> unsaved_rows_;

  // The versions that were stored last, with their numbers, in two generations of kRecentMax: a
  // fill that is so far behind the others that its successor is not among them is not worth more
  // memory.
  struct Stored {
    Version version;
    std::uint64_t number = 0;
  };
  using Recent = std::unordered_map<Key, Stored>;
  Recent recent_, less_recent_;
};

}  // namespace cache
