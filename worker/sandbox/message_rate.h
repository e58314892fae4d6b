// MessageRate: how fast a child's messages are read, so that a flood costs the parent a few percent
// of a core and the child its own time. A token bucket; nobody is punished, the sender waits.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace worker::sandbox {

class MessageRate {
 public:
  // per_second > 0.
  MessageRate(std::uint32_t per_second, std::uint32_t burst, base::MonoTime now)
      : interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second),
        credit_max_(interval_ * burst),
        spent_until_(now - credit_max_) {}

  // Counts one message that comes at `now`, and says how long to wait before it is handled.
  std::chrono::nanoseconds wait_for_one(base::MonoTime now) {
    spent_until_ = std::max(spent_until_, now - credit_max_) + interval_;
    return std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(spent_until_ - now));
  }

 private:
  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds credit_max_;
  base::MonoTime spent_until_;  // The moment up to which messages have used their share.
};

}  // namespace worker::sandbox
