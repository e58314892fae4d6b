// Arena: the memory that bodies live in, as refcounted blocks out of one reservation.
//
// 64 KiB blocks and smaller size classes (1, 2, 4, 8, 16, 32 KiB), so that a manifest or the end of
// a segment does not take a whole block. The arena never grows past its capacity; when it is used
// up, allocate() gives null and the caller evicts or does without. Freed blocks are reused and stay
// resident, so that no page fault is paid twice, but for what was lent:
//
// Lending    A plain socket can take a block's pages by reference, for a third of what the copy
//            costs (docs/performance.md). The kernel may hold them long after the last Ref is gone,
//            until the client has read them, and nothing tells when that is. So pages that were
//            lent are never written again: when their block is freed they are given up, and its
//            next use faults new ones in. That costs as much as five copies, so only what is sent
//            again and again is lent: 64 KiB blocks, after kLendAfter times of being copied.
// Threads    All calls from any thread; one short lock a call, one more when a 64 KiB block is
//            carved up or given back.
// Ownership  The arena outlives its blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/slice.h"

namespace cache {

inline constexpr std::size_t kBlockBytes = 64 * 1024;

class Arena;

// Bytes for one writer, then immutable and shared.
class Block final : public base::SliceOwner {
 public:
  static constexpr std::uint8_t kLendAfter = 8;

  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] Arena& arena() const { return *arena_; }
  [[nodiscard]] bool lend() const override;  // Any thread. Counts the asking.

 private:
  friend class Arena;
  Block() = default;
  void dispose() noexcept override;  // Back to the arena.
  Arena* arena_ = nullptr;
  char* data_ = nullptr;  // Aligned to min(capacity, 4,096), for direct I/O.
  std::uint32_t capacity_ = 0;
  mutable std::atomic<std::uint8_t> asked_{0};  // To lend. kLendAfter: the pages are lent.
};

class Arena {
 public:
  explicit Arena(base::Bytes capacity);  // Rounded down to whole 64 KiB; at least 1 MiB.
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // A block of the smallest class that holds `bytes` (1 to kBlockBytes). Null: used up.
  base::Ref<Block> allocate(std::size_t bytes);

  [[nodiscard]] base::Bytes capacity() const;
  [[nodiscard]] base::Bytes used() const;  // In blocks handed out.
  // Touched so far, what was given up after lending included: an upper bound.
  [[nodiscard]] base::Bytes resident() const;

 private:
  friend class Block;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cache
