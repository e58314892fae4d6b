// MemoryTier: the RAM tier. Records by Key and chunks by ChunkKey, in shards with one short lock
// each, and a policy that says what leaves when memory is needed.
//
// Budget     Blocks come from the arena; records, tables and the chunks' own objects are counted
//            against `records_max` (a record takes about 1 KiB, a chunk 300 bytes). Growing chunks
//            are never evicted. Bytes that readers hold can't be freed: a chunk that someone holds
//            is passed over, and one may leave the table while its blocks live on in Slices, so
//            eviction goes on until an allocation succeeds or nothing evictable is left.
// Policy     lru, sieve, s3fifo, weighed in bytes. Evicted chunks are reported to `on_evict` with
//            whether they were hit while here, so that their disk copy counts as used.
// Threads    All calls from any thread. A lookup takes one short lock; with lru a second one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/ref.h"
#include "cache/arena.h"
#include "cache/chunk.h"
#include "cache/eviction_policy.h"
#include "cache/record.h"

namespace cache {

struct MemoryTierOptions {
  Policy policy = Policy::kS3Fifo;
  base::Bytes records_max{32u << 20};  // For records and the tables themselves.
};

struct MemoryTierStats {
  std::uint64_t records = 0;
  std::uint64_t chunks = 0;
  std::uint64_t evictions = 0;
  base::Bytes record_bytes;
  base::Bytes chunk_bytes;
};

class MemoryTier {
 public:
  using OnEvict = std::function<void(const Chunk& chunk, bool was_hit)>;  // No lock is held.

  MemoryTier(Arena& arena, const MemoryTierOptions& options, OnEvict on_evict);
  MemoryTier(const MemoryTier&) = delete;
  MemoryTier& operator=(const MemoryTier&) = delete;
  ~MemoryTier();

  base::Ref<Record> find(const Key& key);  // Null: not here. Counts as a use.
  base::Ref<Chunk> find(const ChunkKey& key);
  [[nodiscard]] base::Ref<Record> peek(const Key& key) const;  // Not a use.

  void insert(base::Ref<Record> record);  // Replaces what was under the key.
  // The chunk now under the key: the given one, or one that was there first and has not failed.
  base::Ref<Chunk> insert(base::Ref<Chunk> chunk);
  void remove(const Key& key, const Record& expected);  // Only if it is still that one.
  void remove(const ChunkKey& key, const Chunk& expected);

  // A block, evicting others for it when need be. Null: everything left is in use.
  base::Ref<Block> allocate(std::size_t bytes);

  [[nodiscard]] MemoryTierStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cache
