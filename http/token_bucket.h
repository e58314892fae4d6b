// TokenBucket: how often something may happen: a burst at once, then so many a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace http {

class TokenBucket {
 public:
  TokenBucket(std::uint32_t burst, std::uint32_t per_second, base::MonoTime now)
      : burst_(burst), per_second_(per_second), tokens_(burst), refilled_(now) {}

  // Takes one token; false when there is none.
  bool take(base::MonoTime now) {
    const std::chrono::duration<double> passed = now - refilled_;
    if (passed.count() > 0) {
      tokens_ = std::min(burst_, tokens_ + passed.count() * per_second_);
      refilled_ = now;
    }
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double burst_;
  double per_second_;
  double tokens_;
  base::MonoTime refilled_;
};

}  // namespace http
