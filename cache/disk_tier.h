// DiskTier: what survives a restart. RocksDB holds the index: records, chunk places with their
// checksums, small bodies, purge entries. Larger chunks lie in preallocated region files.
// docs/cache.md gives the layouts and the crash table.
//
// Regions    A region is appended to, sealed, and reclaimed whole: chunks and records that were
// used
//            since they were written are written again at the front (second chance, LRU as flash
//            likes it), the others are dropped. Space is reserved before a write; when none can be
//            had the write is refused with kNoSpace and counted, nothing else happens.
// Safety     Every read is verified: the index record names the region's epoch, the version, the
//            chunk number and an XXH3 for each 64 KiB block. What does not verify is erased and
//            reported as kNotFound (and counted). No fsync on the fill path.
// Failure    Repeated read or write errors take the tier out: every call then answers kNotFound or
//            kNoSpace at once, `healthy` turns false. The node goes on with memory and origin.
//
// Executors  All work happens on the executors given: `readers` (several threads, may block on
//            reads), `writer` (one thread: chunk bytes, reclaim) and `index` (one thread: RocksDB
//            writes, purges). Callbacks run there; the caller posts onward to its own thread.
// Threads    All calls from any thread; none blocks.
// Ownership  The options' references outlive the tier. close() ends all work before destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cache/chunk.h"
#include "cache/file_system.h"
#include "cache/memory_tier.h"
#include "cache/purge.h"
#include "cache/record.h"

namespace rocksdb {
class Env;
}

namespace cache {

struct DiskTierOptions {
  std::string path;                        // A directory of its own.
  base::Bytes size_max{10ULL << 30};       // Regions and index together; never exceeded.
  base::Bytes region_size{64u << 20};      // Bounded so that at least 8 regions fit size_max.
  base::Bytes index_memory{32u << 20};     // RocksDB's block cache and write buffers.
  base::Bytes write_queue_max{64u << 20};  // Chunk bytes waiting for the writer; over: dropped.
  bool direct_io = true;                   // Where the file system can.
  rocksdb::Env* index_env = nullptr;       // Null: the real one. Simulations give theirs.
  std::optional<Seed> seed;  // For a new directory, in simulations; none: drawn from the system.
};

struct DiskTierContext {
  FileSystem& files;
  const base::Clock& clock;
  base::Metrics& metrics;
  MemoryTier& memory;  // For the blocks that reads fill.
  base::Executor& readers;
  base::Executor& writer;
  base::Executor& index;
};

struct DiskTierStats {
  bool healthy = true;
  base::Bytes used;  // Regions and index, as on disk.
  base::Bytes capacity;
  std::uint64_t chunks_written = 0, chunks_rewritten = 0, chunks_dropped = 0;
  std::uint64_t bytes_admitted = 0, bytes_written = 0, bytes_rewritten = 0;
  std::uint64_t index_bytes_written = 0;  // RocksDB's own, since start: WAL, flushes, compactions.
  std::uint64_t corrupt = 0;              // Reads that did not verify.
};

class DiskTier {
 public:
  // Opens or creates; blocks. kBusy: used by another process. kUnsupported: a newer format.
  // kDenied/kIo: can't be used, with what to do. A corrupt index is set aside (renamed, logged,
  // counted) and the tier starts empty. Fills `purges` with the stored purge state.
  static base::Result<std::unique_ptr<DiskTier>> open(const DiskTierOptions& options,
                                                      const DiskTierContext& context,
                                                      std::unique_ptr<PurgeTable>& purges);
  DiskTier(const DiskTier&) = delete;
  DiskTier& operator=(const DiskTier&) = delete;
  ~DiskTier();

  [[nodiscard]] Seed seed() const;  // Of this cache directory: for key_of() and tag_hash().

  // The record under `key` with exactly this text; kNotFound. On `readers`.
  using OnRecord = std::move_only_function<void(base::Result<base::Ref<Record>>)>;
  void find(const Key& key, std::string key_text, OnRecord on_record);

  // Reads the blocks [first, first + count) of the chunk that it does not have yet into it,
  // verified. kNotFound: this chunk is not on disk (any more). kNoSpace: no memory for the blocks.
  // On `readers`.
  using OnRead = std::move_only_function<void(base::Result<void>)>;
  void read(base::Ref<Chunk> chunk, std::uint32_t first, std::uint32_t count, OnRead on_read);

  // Stores a whole chunk and, when it is not there yet, its object's record. Best effort: dropped
  // and counted when the queue, the disk or the budget is full. `on_done` (may be null) on
  // `writer`.
  void write(base::Ref<Object> object, base::Ref<Chunk> chunk,
             std::move_only_function<void(base::Result<void>)> on_done);
  // Stores or replaces a record (a revalidated object, a Vary rule). Best effort, in order.
  void write(base::Ref<Record> record);
  // Forgets the record, if it is still of this version. Its chunks go when their region does.
  void erase(const Key& key, const Version& version);

  // The chunk at this place was used (from memory); cheap, lossy.
  void touch(const DiskPlace& place);

  // Numbers, stores (synced) and publishes the purge, in this order; then calls on `index`. An
  // error means that it must not be acknowledged.
  using OnPurged = std::move_only_function<void(base::Result<std::uint64_t> sequence)>;
  void purge(Purge purge, OnPurged on_purged);

  [[nodiscard]] DiskTierStats stats() const;

  void close();  // Finishes what is queued; then every call answers kNotFound/kNoSpace.

 private:
  struct State;
  explicit DiskTier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cache
