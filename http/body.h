// Bodies are pulled: the sink asks, the source gives a reference to an immutable piece, the sink
// asks again. Backpressure is not asking.
#pragma once

#include <cstddef>
#include <utility>

#include "base/result.h"
#include "base/slice.h"

namespace http {

struct Pulled {
  enum class State {
    kPiece,    // `piece` is not empty; ask again for more.
    kPending,  // Nothing now. The source wakes its sink, once, when asking is worth it again.
    kEnd,      // The body is complete; every byte has been given.
    kFailed,   // The body can't be completed. The sink must let its peer tell (reset, close).
  };
  State state = State::kPending;
  base::Slice piece;

  static Pulled some(base::Slice piece) { return {State::kPiece, std::move(piece)}; }
  static Pulled pending() { return {State::kPending, {}}; }
  static Pulled end() { return {State::kEnd, {}}; }
  static Pulled failed() { return {State::kFailed, {}}; }
};

// Threads: pulled and woken on one loop.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next piece, of 1 to `max` bytes. Never calls back into the sink. After kEnd or kFailed it
  // is not called again.
  virtual Pulled pull(std::size_t max) = 0;
};

}  // namespace http
