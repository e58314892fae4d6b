// Chunk: up to chunk_size bytes of one object version, in memory, perhaps still growing.
//
// Life   kGrowing   A fill appends bytes from the front. Readers take what is there and wait for
//                   more. The chunk is in the memory tier already, so that everyone finds it, and
//                   is never evicted.
//        kPartial   Some blocks are here, read back from disk; others may be added by add_block().
//        kWhole     Every byte is here; nothing changes any more. From kGrowing or kPartial.
//        kFailed    The fill gave up. What was appended stays readable for who holds the chunk, but
//                   it leaves the tier. From kGrowing only.
//
// Memory     Blocks come from the memory tier, allocated by the writer as bytes come. A Slice given
//            out keeps its block alive, whatever becomes of the chunk. finish() moves the bytes of
//            a last block that is half empty or more into a smaller one.
// Threads    Readers: any thread, without locks, but for a short one over the block that is being
//            filled. append/finish/fail: the fill's thread. add_block: any disk thread; a block
//            that is there already is left alone.
// Waiting    wait() registers a callback on an Executor; it runs there once: when bytes at the
//            offset are readable, or the phase is no longer kGrowing. Destroying the Wait (on that
//            executor's thread) cancels it for sure. A Wait keeps its chunk. Executors outlive the
//            fill's thread, which posts to them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/ref.h"
#include "base/slice.h"
#include "cache/arena.h"
#include "cache/key.h"
#include "cache/resident.h"

namespace cache {

// Where a chunk lies on disk: a hint, verified by the index when used, so that an eviction from
// memory can mark the disk copy as recently used without an index lookup.
struct DiskPlace {
  std::uint32_t region = 0;
  std::uint32_t epoch = 0;  // 0: not on disk as far as known.
  std::uint64_t offset = 0;
  bool operator==(const DiskPlace&) const = default;
};

class Chunk final : public Resident {
 public:
  enum class Phase : std::uint8_t { kGrowing, kPartial, kWhole, kFailed };
  static constexpr std::size_t kBlocksMax = 64;  // So chunks are at most 4 MiB.

  // `length`: the bytes it will have; for a body of unknown length, the most it can have.
  // `phase`: kGrowing, to be appended to, or kPartial, to be read from disk.
  Chunk(const ChunkKey& key, std::uint32_t length, Phase phase);

  [[nodiscard]] const ChunkKey& key() const;
  [[nodiscard]] std::uint32_t length() const;  // Shrinks once at most, in finish().
  [[nodiscard]] Phase phase() const;

  // The bytes from `offset` that are here, at most `max`, as far as one block has them. Empty: not
  // here (yet), or `offset` is the end.
  [[nodiscard]] base::Slice read(std::uint32_t offset, std::uint32_t max) const;
  // How many bytes from `offset` on are here without a gap.
  [[nodiscard]] std::uint32_t readable(std::uint32_t offset) const;

  class Wait {
   public:
    virtual ~Wait() = default;
  };
  [[nodiscard]] std::unique_ptr<Wait> wait(std::uint32_t offset, base::Executor& executor,
                                           base::Executor::Task on_ready);

  // The fill's side. append() takes as many bytes as fit the length and `allocate` gives memory
  // for; returns the count (less than asked: full, or out of memory).
  using Allocate = std::function<base::Ref<Block>(std::size_t bytes)>;
  std::size_t append(std::string_view bytes, const Allocate& allocate);
  [[nodiscard]] std::uint32_t appended() const;
  void finish();  // kWhole, with what was appended as its length.
  void fail();

  // Blocks read from disk; block `index` covers bytes from index * kBlockBytes. The last missing
  // block turns kPartial into kWhole.
  [[nodiscard]] bool has_block(std::uint32_t index) const;
  void add_block(std::uint32_t index, base::Ref<Block> block);

  [[nodiscard]] DiskPlace disk_place() const;
  void set_disk_place(const DiskPlace& place);

  [[nodiscard]] std::size_t memory_bytes() const;  // Of its blocks and itself.

 private:
  struct Waiting;
  class WaitHandle;
  using WaitingList = std::vector<base::Ref<Waiting>>;

  ~Chunk() override;
  [[nodiscard]] std::uint32_t block_count() const;
  [[nodiscard]] bool growing_at(std::uint32_t block_end) const;
  void put_block(std::uint32_t index, base::Ref<Block> block);
  void trim_last_block();
  void end(Phase phase);
  [[nodiscard]] bool ready(std::uint32_t offset) const;
  WaitingList take_ready() REQUIRES(mutex_);
  static void post(WaitingList ready);
  void forget(const Waiting& waiting) EXCLUDES(mutex_);

  const ChunkKey key_;
  const bool appended_to_;  // kGrowing at first: bytes come from the front, not by block.
  std::atomic<Phase> phase_;
  std::atomic<std::uint32_t> length_;
  std::atomic<std::uint32_t> appended_{0};
  std::atomic<std::uint32_t> block_bytes_{0};

  // Each pointer owns a reference. It is set once, and for the last block of a growing chunk
  // replaced once, under the mutex, before the phase leaves kGrowing.
  using BlockPointer = std::atomic<Block*>;
  BlockPointer only_block_{nullptr};  // Spares most small chunks an allocation.
  std::unique_ptr<BlockPointer[]> many_blocks_;
  BlockPointer* blocks_;

  mutable base::Mutex mutex_;
  WaitingList waiting_ GUARDED_BY(mutex_);
  DiskPlace disk_place_ GUARDED_BY(mutex_);
  std::uint32_t blocks_missing_ GUARDED_BY(mutex_) = 0;
};

}  // namespace cache
