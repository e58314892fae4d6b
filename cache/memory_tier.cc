#include "cache/memory_tier.h"

#include <atomic>
#include <utility>

#include "base/check.h"
#include "cache/shelf.h"

namespace cache {
namespace {

// Evictions for one allocation, so that a call stays within about a millisecond. Reached only when
// a 64 KiB block is wanted and the arena is full of scattered small ones.
constexpr int kEvictionsPerBlock = 4096;
// An insertion adds one entry, so a few evictions outrun it.
constexpr int kEvictionsPerInsert = 64;

struct RecordTraits {
  using Key = cache::Key;
  static const Key& key_of(const Record& record) { return record.key; }
  static std::uint32_t weight_of(const Record& record) {
    return static_cast<std::uint32_t>(record.memory_bytes());
  }
  static bool settled(const Record& /*record*/) { return true; }
  static bool stale(const Record& /*record*/) { return true; }
};

struct ChunkTraits {
  using Key = ChunkKey;
  static const Key& key_of(const Chunk& chunk) { return chunk.key(); }
  // A chunk that is read in by parts counts whole from the start: most become so.
  static std::uint32_t weight_of(const Chunk& chunk) {
    const bool partial = chunk.phase() == Chunk::Phase::kPartial;
    return static_cast<std::uint32_t>(partial ? sizeof(Chunk) + chunk.length()
                                              : chunk.memory_bytes());
  }
  static bool settled(const Chunk& chunk) { return chunk.phase() != Chunk::Phase::kGrowing; }
  static bool stale(const Chunk& chunk) { return chunk.phase() == Chunk::Phase::kFailed; }
};

}  // namespace

struct MemoryTier::State {
  State(Arena& blocks, const MemoryTierOptions& options, OnEvict tell)
      : arena(blocks),
        records_max(options.records_max.count()),
        on_evict(std::move(tell)),
        records(options.policy),
        chunks(options.policy) {}

  bool evict_chunk() {
    const base::Ref<Chunk> victim = chunks.evict();
    if (!victim) return false;
    evictions.fetch_add(1, std::memory_order_relaxed);
    if (on_evict) on_evict(*victim, victim->residence.was_hit.load(std::memory_order_relaxed));
    return true;
  }

  bool evict_record() {
    if (!records.evict()) return false;
    evictions.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  // Holds records, and the chunks' own objects and tables, to their budget. The larger side gives
  // way, so that neither a crowd of tiny chunks nor one of records drives the other out.
  void keep_to_budget() {
    for (int evicted = 0; evicted < kEvictionsPerInsert; ++evicted) {
      const std::uint64_t of_records = records.bytes() + records.overhead_bytes();
      const std::uint64_t of_chunks = chunks.size() * sizeof(Chunk) + chunks.overhead_bytes();
      if (of_records + of_chunks <= records_max) return;
      const bool from_records = of_records >= of_chunks && records.size() > 0;
      if (!(from_records ? evict_record() : evict_chunk())) return;
    }
  }

  Arena& arena;
  const std::uint64_t records_max;
  const OnEvict on_evict;
  std::atomic<std::uint64_t> evictions{0};
  Shelf<Record, RecordTraits> records;
  Shelf<Chunk, ChunkTraits> chunks;
};

MemoryTier::MemoryTier(Arena& arena, const MemoryTierOptions& options, OnEvict on_evict)
    : state_(std::make_unique<State>(arena, options, std::move(on_evict))) {}

MemoryTier::~MemoryTier() = default;

base::Ref<Record> MemoryTier::find(const Key& key) { return state_->records.find(key); }
base::Ref<Chunk> MemoryTier::find(const ChunkKey& key) { return state_->chunks.find(key); }
base::Ref<Record> MemoryTier::peek(const Key& key) const { return state_->records.peek(key); }

void MemoryTier::insert(base::Ref<Record> record) {
  state_->records.insert(std::move(record));
  state_->keep_to_budget();
}

base::Ref<Chunk> MemoryTier::insert(base::Ref<Chunk> chunk) {
  base::Ref<Chunk> kept = state_->chunks.insert_or_find(std::move(chunk));
  state_->keep_to_budget();
  return kept;
}

void MemoryTier::remove(const Key& key, const Record& expected) {
  state_->records.remove(key, expected);
}

void MemoryTier::remove(const ChunkKey& key, const Chunk& expected) {
  state_->chunks.remove(key, expected);
}

base::Ref<Block> MemoryTier::allocate(std::size_t bytes) {
  for (int evicted = 0;; ++evicted) {
    if (auto block = state_->arena.allocate(bytes)) return block;
    if (evicted == kEvictionsPerBlock || !state_->evict_chunk()) return nullptr;
  }
}

MemoryTierStats MemoryTier::stats() const {
  return {.records = state_->records.size(),
          .chunks = state_->chunks.size(),
          .evictions = state_->evictions.load(std::memory_order_relaxed),
          .record_bytes = base::Bytes(state_->records.bytes()),
          .chunk_bytes = base::Bytes(state_->chunks.bytes())};
}

}  // namespace cache
