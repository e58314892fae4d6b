// ChunkCutter: cuts one response's bytes, as they flow, into the chunks of an object.
//
// Order      A reader who has finished a chunk always finds the next: chunk i + 1 is in the memory
//            tier, growing, before chunk i turns whole; a length that was unknown is published
//            before the last chunk turns whole. The last chunk turns whole only when the response
//            has ended as it should, so one byte too few or too many leaves it failed.
// Two kinds  An object with a strong validator and a known length is kept chunk by chunk: each goes
//            to disk as soon as it is whole, and a cut costs only the chunk that was growing. Any
//            other body is valid only as this one complete response: its chunks are held here until
//            the end, then written; on failure all of them leave the memory tier with their object.
// Bounds     Cutting stops at a chunk's end (kEnough) when the next chunk is there already or the
//            flow is `ahead_max` ahead of what anyone has asked for. A body that must be complete
//            can't stop; beyond `unvalidated_max`, or when its length was not known and all such
//            bodies together would hold more than half of the memory, it is given up for storing:
//            the object leaves the memory tier, the chunks go by for those who read it now, who
//            pull it (kAhead). What nobody has come to yet is still held for them.
// Threads    The fill's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/byte_budget.h"
#include "base/ref.h"
#include "base/result.h"
#include "cache/chunk.h"
#include "cache/fill_context.h"
#include "cache/record.h"
#include "cache/unread_chunks.h"

namespace cache {

class ChunkCutter {
 public:
  struct Flow {
    std::uint32_t first_chunk = 0;
    // Where the response ends, as an offset in the object; none: when it ends.
    std::optional<std::uint64_t> end;
    bool is_part = false;  // The response was a 206.
    // What to do where chunks are there already: end the flow, or let their bytes go by (the
    // origin can't send ranges, so what lies behind comes this way or not at all).
    enum class Present : std::uint8_t { kStop, kSkip } present = Present::kStop;
  };
  using OnChunk = std::function<void(const base::Ref<Chunk>&)>;

  // `on_chunk` is called as each chunk comes into being (it is in the memory tier by then).
  // `held`: what the body may hold here if it must be complete; see charge_of().
  ChunkCutter(const FillContext& context, base::Ref<Object> object, const Flow& flow,
              base::ByteBudget::Share held, OnChunk on_chunk);
  ChunkCutter(const ChunkCutter&) = delete;
  ChunkCutter& operator=(const ChunkCutter&) = delete;
  ~ChunkCutter();  // Unfinished: fails.

  // What a body of that length is to be charged with from the start; one of unknown length grows.
  static std::uint64_t charge_of(std::optional<std::uint64_t> length);

  enum class Taken : std::uint8_t {
    kAll,
    kNoMemory,  // Try again with what is left of the bytes.
    kAhead,     // The same, when a reader has come closer.
    kEnough,    // This flow is over; what was cut stays.
    kTooMuch,   // More bytes than the object has. Call fail().
  };
  Taken begin();  // Opens the first chunk: kAll, or kEnough.
  // Takes bytes off the front of `bytes`.
  Taken take(std::string_view& bytes);

  base::Result<void> finish();  // The response has ended well. kProtocol: but bytes are missing.
  void fail();
  // After finish(): what is held here, for its readers.
  UnreadBody take_unread();

  [[nodiscard]] const base::Ref<Object>& object() const { return object_; }
  // The chunk that will get the next byte.
  [[nodiscard]] std::uint32_t next_chunk() const { return index_; }
  // The chunk after the last; none while that is not known.
  [[nodiscard]] std::optional<std::uint32_t> end_chunk() const;
  [[nodiscard]] bool must_complete() const { return must_complete_; }
  [[nodiscard]] bool given_up() const { return given_up_; }
  [[nodiscard]] bool skips() const { return flow_.present == Flow::Present::kSkip; }
  // A chunk held here, that may have left the memory tier's table; null if not.
  [[nodiscard]] base::Ref<Chunk> held(std::uint32_t index) const;

 private:
  enum class State : std::uint8_t { kCutting, kOver };

  Taken advance();
  bool open_chunk(std::uint32_t index);
  void close_chunk();
  void store(const base::Ref<Chunk>& chunk);
  void store_held();
  void give_up_storing();
  [[nodiscard]] bool may_hold(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] bool far_ahead(std::uint64_t allowed) const;

  const FillContext& context_;
  const base::Ref<Object> object_;
  const Flow flow_;
  const OnChunk on_chunk_;
  const bool must_complete_;
  const std::uint64_t ahead_max_;
  const std::uint64_t held_max_;

  State state_ = State::kCutting;
  bool given_up_ = false;
  std::uint32_t index_;        // Of the chunk being cut, or skipped.
  base::Ref<Chunk> chunk_;     // Null: skipping, or nothing to cut.
  std::uint64_t skipped_ = 0;  // Bytes of the chunk at `index_` that went by.
  UnreadBody unread_;          // With must_complete_: chunks from first_chunk on.
};

}  // namespace cache
