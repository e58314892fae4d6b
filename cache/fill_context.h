// What the fills of one fill thread share. All references outlive the fills.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/disk_tier.h"
#include "cache/forgotten.h"
#include "cache/memory_tier.h"
#include "cache/purge.h"
#include "cache/store.h"

namespace cache {

// Of all fill threads together.
struct FillCounters {
  explicit FillCounters(base::Metrics& metrics);

  base::Counter& stored;       // Every byte asked for was stored.
  base::Counter& partial;      // Ended on purpose at a chunk's end.
  base::Counter& revalidated;  // 304.
  base::Counter& passed;       // Not storable.
  base::Counter& failed;
  base::Counter& collapsed;  // Callers served by a fill that another's request began.
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> followers{0};
  std::atomic<std::uint64_t> held_bytes{0};  // By ChunkCutters, of bodies that must be complete.
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
  FillThread thread;
};

// The object is worth nothing any more: it leaves both tiers, under whatever record.
void forget(const FillContext& context, const Object& object);

}  // namespace cache
