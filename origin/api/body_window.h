// BodyWindow: what has come of a request's body and is not taken yet.
//
//   loop   fill() while there is room → take() → … → fill() again, while a thread has what was taken
//
// At most kMax bytes wait. More than kAlways count, all of them, in a budget that all windows share: when
// it is full, a window has kAlways, so that every body becomes slower and none stops. How many windows
// there are is what limits.connections_max bounds.
//
// Ownership  The budget outlives it.
// Threads    The exchange's loop.
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/slice.h"
#include "http/body.h"

namespace origin {

class BodyWindow {
 public:
  static constexpr std::size_t kMax = 2u << 20;
  static constexpr std::size_t kAlways = 64u << 10;

  explicit BodyWindow(base::ByteBudget& budget) : share_(&budget) {}

  // Pulls what has come, as far as there is room. kPiece: there may be more when there is room again.
  http::Pulled::State fill(http::BodySource& body);
  [[nodiscard]] bool empty() const { return waiting_ == 0; }

  // What waits, for a thread. It counts for as long as it is there, whatever became of the window.
  struct Taken {
    std::vector<base::Slice> pieces;
    base::ByteBudget::Share share;
  };
  Taken take();
  // Forgets what waits.
  void drop() { std::ignore = take(); }

 private:
  // Whether so much more may be pulled.
  bool make_room(std::size_t bytes);
  // From here on what there is counts, and no room beside it.
  void count();

  base::ByteBudget::Share share_;
  std::vector<base::Slice> pieces_;
  std::size_t waiting_ = 0;  // Bytes in pieces_.
};

}  // namespace origin
