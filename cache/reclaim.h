// Reclaim: the clock that frees regions. docs/cache.md, "Reclaim".
//
// It works in steps of some entries, each a task of its own on the writer with the index thread's
// part in between, so that fills and purges go on meanwhile.
//
// Used on the writer's thread; relocate() is called on the index thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/disk_parts.h"
#include "cache/index_writer.h"
#include "cache/region_front.h"

namespace cache {

class Reclaim {
 public:
  struct Events {                      // On the writer.
    std::function<void()> on_room;     // A region has become free.
    std::function<void()> on_failure;  // None could be made free.
  };
  Reclaim(DiskParts& parts, IndexWriter& index, RegionFront& front, Events events);

  // Begins if there is need. Whether it is at work.
  bool start();
  // A region that is done may have lost its last reader.
  void look_again();

 private:
  struct Found {
    DiskPlace place;
    std::string value;
  };

  void step();
  void apply(std::vector<Relocation> relocations);
  Relocation decide(const DiskPlace& place, std::string_view content_key,
                    std::string_view content_value);
  void decide_chunk(const ChunkEntry& entry, Relocation& relocation);
  void decide_record(Relocation& relocation);
  bool object_alive(const Key& key, const Version& version);
  void give_new_home(Relocation& relocation);
  bool may_keep(std::uint64_t bytes);
  bool rewrite(const ChunkKey& key, const ChunkEntry& entry, ChunkEntry& moved);
  bool lies_elsewhere(const Version& version);
  void finish();
  void stop();

  DiskParts& parts_;
  IndexWriter& index_;
  RegionFront& front_;
  const Events events_;

  std::optional<Regions::Victim> victim_;
  std::string after_;             // The last entry that was decided about.
  std::uint64_t kept_ = 0;        // Bytes of this region.
  std::uint64_t step_bytes_ = 0;  // Bytes rewritten by this step.
  bool emptied_ = false;          // All its entries are gone.
  std::unique_ptr<char, void (*)(void*)> scratch_{nullptr, nullptr};
  std::uint64_t scratch_bytes_ = 0;
};

}  // namespace cache
