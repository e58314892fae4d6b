// Pace: whether a peer keeps to a minimum rate while it is the one we wait for.
//
// A bucket of waiting time. It starts with a grace; each byte that moves buys 1/rate seconds, each
// second spent waiting for the peer costs one. An empty bucket is a peer that is too slow on
// average, however it spreads its bytes. Time in which the peer could not go on (our own buffers
// full, nothing to send) is not waiting and costs nothing.
//
// The bucket holds at most the grace, or what the last move bought when that is more: bytes are
// reported in batches, and a batch may take its time at the minimum rate.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/bytes.h"

namespace http {

class Pace {
 public:
  // A rate of 0 turns it off.
  Pace(base::Bytes rate_min, std::chrono::milliseconds grace)
      : rate_min_(rate_min.count()), grace_(grace), left_(grace) {}

  void restart() { left_ = grace_; }

  void moved(std::uint64_t bytes) {
    if (rate_min_ == 0) return;
    // A move of more than 2^40 bytes is not seen in one batch; the cap keeps the product in range.
    const std::chrono::microseconds bought(std::min<std::uint64_t>(bytes, std::uint64_t{1} << 40) *
                                           1'000'000 / rate_min_);
    left_ = std::min(left_ + bought, std::max(grace_, bought));
  }

  void waited(std::chrono::nanoseconds time) {
    left_ -= std::chrono::duration_cast<std::chrono::microseconds>(time);
  }

  [[nodiscard]] bool too_slow() const {
    return rate_min_ != 0 && left_ < std::chrono::microseconds(0);
  }

 private:
  std::uint64_t rate_min_;
  std::chrono::microseconds grace_;
  std::chrono::microseconds left_;
};

}  // namespace http
