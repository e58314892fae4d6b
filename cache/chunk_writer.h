// ChunkWriter: the queue of chunks for disk, and their bytes' way into a region. docs/cache.md, "A
// chunk's way to disk".
//
// Neighbours in the front are written with one call, so that many small bodies cost few writes.
// While the reclaimer makes room the queue waits, as long as write_queue_max lasts.
//
// Threads    write(): any. The rest: the writer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/slice.h"
#include "cache/disk_parts.h"
#include "cache/index_writer.h"
#include "cache/region_front.h"

namespace cache {

class ChunkWriter {
 public:
  using OnDone = std::move_only_function<void(base::Result<void>)>;

  // `make_room` starts the reclaimer if there is need; whether it is at work.
  ChunkWriter(DiskParts& parts, IndexWriter& index, RegionFront& front,
              std::function<bool()> make_room);

  void write(base::Ref<Object> object, base::Ref<Chunk> chunk, OnDone on_done);
  void resume();           // There may be room again.
  void give_up_waiting();  // There won't be: what is queued is dropped.

 private:
  struct Queued {
    ChunkCommit commit;
    OnDone on_done;
    std::uint64_t bytes = 0;
  };
  // What goes to disk with one write, and into the index with one batch.
  struct Run {
    DiskPlace start;
    std::uint64_t bytes = 0;
    std::uint64_t body_bytes = 0;
    std::vector<base::Slice> held;
    std::vector<std::span<const char>> pieces;
    std::size_t copied = 0;  // Of the scratch.
    std::vector<Queued> chunks;
  };
  enum class Added { kYes, kRunIsFull, kNoRoom };

  void pump();
  bool take_next(Queued& next);
  Added add(Queued& next, Run& run);
  void add_body(const Chunk& chunk, ChunkEntry& entry, Run& run);
  void finish(Run run);
  base::Result<void> write_bytes(const Run& run);
  void end(std::vector<Queued> chunks, std::vector<base::Result<void>> outcomes);
  void refuse_all(const base::Error& why);
  void post_pump();

  DiskParts& parts_;
  IndexWriter& index_;
  RegionFront& front_;
  const std::function<bool()> make_room_;

  base::Mutex mutex_;
  std::deque<Queued> queue_ GUARDED_BY(mutex_);
  std::uint64_t queued_bytes_ GUARDED_BY(mutex_) = 0;  // Until they are in the index, or refused.
  bool pump_posted_ GUARDED_BY(mutex_) = false;
  bool waits_for_room_ GUARDED_BY(mutex_) = false;
  std::size_t runs_in_index_ = 0;  // The writer's: on their way; their regions can't be reclaimed.
  std::unique_ptr<char, void (*)(void*)> scratch_;  // The writer's: for ends of bodies.
};

}  // namespace cache
