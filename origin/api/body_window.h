// BodyWindow: what has come of a request's body and is not taken yet.
//
//   loop   fill() while there is room → begin_taking() → … → fill() again, while a thread takes
//   API    takes the pieces
//   loop   end_taking()
//
// At most kMax bytes wait, and as many are being taken. The first kAlways are beside the budget that all windows share, so that a full
// budget makes every body slower and stops none; how many windows there are is what
// limits.connections_max bounds.
//
// Ownership  The budget outlives it.
// Threads    The exchange's loop.
#pragma once

#include <cstddef>
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

  // What waits, for a thread to take. It counts until end_taking(), and nothing else is taken before.
  std::vector<base::Slice> begin_taking();
  void end_taking();

 private:
  // Whether so much more may be pulled.
  bool make_room(std::size_t bytes);
  // From here on what there is counts, and no room beside it.
  void count();

  base::ByteBudget::Share share_;
  std::vector<base::Slice> pieces_;
  std::size_t waiting_ = 0;  // Bytes in pieces_.
  std::size_t taken_ = 0;    // Bytes that a thread is taking.
};

}  // namespace origin
