// DiskParts: what the parts of the disk tier share. It owns nothing that runs; the tier ends all
// tasks before it goes.
//
//   chunk_reader   find and read               on `readers`
//   chunk_writer   the queue, bytes to regions on `writer`
//   reclaim        the clock                   on `writer`
//   index_writer   every change of the index   on `index`
//   purge_log      purges, made durable        on `index`
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "cache/disk_health.h"
#include "cache/disk_metrics.h"
#include "cache/disk_tier.h"
#include "cache/index.h"
#include "cache/purge.h"
#include "cache/region_files.h"
#include "cache/regions.h"
#include "cache/task_count.h"

namespace cache {

struct DiskParts {
  DiskTierOptions options;
  DiskTierContext context;
  DiskMetrics& metrics;
  DiskHealth& health;
  Index& index;
  Regions& regions;
  RegionFiles& files;
  PurgeTable& purges;
  TaskCount& tasks;
  const std::atomic<bool>& closing;

  [[nodiscard]] bool usable() const { return health.healthy() && !closing; }
  void note_error(const base::Error& error) const {
    if (error.code == base::ErrorCode::kIo) metrics.errors.add();
    health.failed(error);
  }
};

}  // namespace cache
