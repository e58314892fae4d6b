// RegionFront: places for bodies in the file region that is being written to, and the opening of
// the next one when it is full. docs/cache.md, steps W2 and E1-E3.
//
// Used on the writer's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "cache/disk_parts.h"
#include "cache/index_writer.h"

namespace cache {

class RegionFront {
 public:
  RegionFront(DiskParts& parts, IndexWriter& index) : parts_(parts), index_(index) {}

  // None: no room. `opened` tells whether a region was opened, so that the clock should be looked
  // at.
  std::optional<DiskPlace> take(std::uint32_t length, Regions::Use use, bool& opened);

 private:
  bool open_next(Regions::Use use);

  DiskParts& parts_;
  IndexWriter& index_;
};

}  // namespace cache
