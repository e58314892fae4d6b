// What the fills of one fill thread share. All references outlive the fills.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "cache/disk_tier.h"
#include "cache/forgotten.h"
#include "cache/memory_tier.h"
#include "cache/purge.h"
#include "cache/store.h"

namespace cache {

// How long a fill, or a read, that finds all memory in use waits for some before it fails.
inline constexpr std::chrono::milliseconds kMemoryPause{20};
inline constexpr int kMemoryTriesMax = 250;  // 5 s.

// Of all fill threads together.
struct FillCounters {
  FillCounters(base::Metrics& metrics, base::Bytes memory_capacity);

  base::Counter& stored;       // Every byte asked for was stored.
  base::Counter& partial;      // Ended on purpose at a chunk's end.
  base::Counter& revalidated;  // 304.
  base::Counter& passed;       // Not storable.
  base::Counter& failed;
  base::Counter& collapsed;  // Callers served by a fill that another's request began.
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> followers{0};
  // What bodies that must be complete may hold together: their chunks can't be evicted.
  base::ByteBudget held;
};

struct FillContext {
  const StoreOptions& options;
  const base::Clock& clock;
  VersionSource& versions;
  MemoryTier& memory;
  base::Bytes memory_capacity;
  DiskTier* disk;  // Null: memory only.
  PurgeTable& purges;
  Seed seed;
  FillCounters& counters;
  Forgotten& forgotten;
  base::ByteBudget* buffers;  // Null: unbounded.
  FillThread thread;
};

// The object is worth nothing any more: it leaves both tiers, under whatever record.
void forget(const FillContext& context, const Object& object);

}  // namespace cache
