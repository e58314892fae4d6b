// LoopBuffers: memory that the connections of one loop take turns with, so that an idle connection
// holds none.
//
//   scratch   one of each kind: in use within one callback of one connection, empty between
//   chunks    taken by a connection while it has unsent bytes; pooled, last in first out, so that
//             the next batch is written over memory that is still in the processor's cache
//
// Budget     Chunks, the pooled ones too, count in a budget that other loops may share. The more of
//            it is used, the smaller are the batches that connections make, and so what a stalled
//            client leaves with us.
// Threads    Its loop's only.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "http/batch_size.h"
#include "http/pipe_pool.h"

namespace http {

class LoopBuffers {
 public:
  static constexpr std::size_t kChunkBytes = 16 * 1024;
  static constexpr std::size_t kRecordBytes = 16 * 1024;  // A TLS record's plaintext at most.
  static constexpr std::size_t kInputBytes = 64 * 1024;
  using Chunk = std::unique_ptr<char[]>;

  // The budget outlives the buffers. Null: unbounded.
  explicit LoopBuffers(base::ByteBudget* budget = nullptr) : budget_(budget), share_(budget) {}

  Chunk take_chunk() {
    if (free_.empty()) {
      share_.hold(share_.bytes() + kChunkBytes);
      return Chunk(new char[kChunkBytes]);
    }
    Chunk chunk = std::move(free_.back());
    free_.pop_back();
    return chunk;
  }
  void give_back(Chunk chunk) {
    if (free_.size() < kFreeMax && !is_half_used()) {
      free_.push_back(std::move(chunk));
    } else {
      share_.hold(share_.bytes() - kChunkBytes);
    }
  }

  // How large a batch may be now.
  [[nodiscard]] std::size_t batch_max() const {
    if (!is_half_used()) return BatchSize::kLentMax;
    return budget_->held() >= budget_->limit() ? BatchSize::kMin : BatchSize::kStart;
  }

  [[nodiscard]] PipePool& pipes() { return pipes_; }

  // What the socket gave.
  [[nodiscard]] std::array<char, kInputBytes>& input() { return scratch_->input; }
  // What TLS made of it.
  [[nodiscard]] std::array<char, kRecordBytes>& plaintext() { return scratch_->plaintext; }
  // Where small pieces become one record.
  [[nodiscard]] std::array<char, kRecordBytes>& gathered() { return scratch_->gathered; }

 private:
  static constexpr std::size_t kFreeMax = 512;  // 8 MiB.

  [[nodiscard]] bool is_half_used() const {
    return budget_ != nullptr && budget_->held() * 2 >= budget_->limit();
  }

  struct Scratch {
    std::array<char, kInputBytes> input;
    std::array<char, kRecordBytes> plaintext;
    std::array<char, kRecordBytes> gathered;
  };
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  base::ByteBudget* const budget_;
  base::ByteBudget::Share share_;
  std::vector<Chunk> free_;
  PipePool pipes_;
};

}  // namespace http
