// DiskOpen: from a directory in whatever state to an index, regions and purges that agree. Blocks;
// runs once, before any task. docs/cache.md, "The disk tier" and "What a crash leaves".
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "cache/disk_metrics.h"
#include "cache/disk_tier.h"
#include "cache/index.h"
#include "cache/index_directory.h"
#include "cache/purge.h"
#include "cache/purge_log.h"
#include "cache/region_files.h"
#include "cache/regions.h"

namespace cache {

struct OpenedDisk {
  DiskTierOptions options;  // With the region size that holds.
  std::unique_ptr<DirectoryLock> lock;
  Seed seed = 0;
  std::unique_ptr<Index> index;
  std::unique_ptr<RegionFiles> files;
  std::unique_ptr<Regions> regions;
  std::unique_ptr<PurgeTable> purges;
  std::unique_ptr<PurgeMark> purge_mark;
};

// `on_idle`: see RegionsOptions.
base::Result<OpenedDisk> open_disk(const DiskTierOptions& options, const DiskTierContext& context,
                                   DiskMetrics& metrics, std::function<void()> on_idle);

}  // namespace cache
