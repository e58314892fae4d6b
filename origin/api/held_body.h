// HeldBody: a request's body that waits in memory until it is complete.
//
// All that wait share a budget. The first kAlwaysHeld of each are beside it, so that small requests go
// through while large ones fill it: how many there are is what limits.connections_max bounds.
//
// Ownership  The budget outlives it. The memory counts until it is destroyed, whoever has taken it.
// Threads    One at a time.
// Errors     kTooLarge: beyond what this body may have. kOverloaded: beyond the budget.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_budget.h"
#include "base/result.h"

namespace origin {

class HeldBody {
 public:
  static constexpr std::size_t kAlwaysHeld = 64u << 10;

  HeldBody(base::ByteBudget& budget, std::size_t bytes_max)
      : share_(&budget), bytes_max_(bytes_max) {}

  base::Result<void> append(std::string_view bytes);
  [[nodiscard]] std::string_view view() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  base::ByteBudget::Share share_;
  std::size_t bytes_max_;
  std::string bytes_;
};

}  // namespace origin
