#include "package/presentation.h"

#include <algorithm>
#include <cmath>

namespace package {

BitRates bit_rates(const Track& track) {
  BitRates rates;
  double bits_in_all = 0;
  double seconds_in_all = 0;
  std::int64_t longest = 0;
  for (const Segment& segment : track.segments) longest = std::max(longest, segment.duration);
  for (const Segment& segment : track.segments) {
    const double bits = 8.0 * static_cast<double>(segment.bytes);
    const double seconds =
        static_cast<double>(segment.duration) / static_cast<double>(track.timescale);
    bits_in_all += bits;
    seconds_in_all += seconds;
    // A last one that is short says nothing of what a player must keep up with.
    if (segment.duration * 2 >= longest && seconds > 0) {
      rates.peak = std::max(rates.peak, static_cast<std::int64_t>(std::ceil(bits / seconds)));
    }
  }
  if (seconds_in_all > 0) {
    rates.average = static_cast<std::int64_t>(std::ceil(bits_in_all / seconds_in_all));
  }
  rates.peak = std::max(rates.peak, rates.average);
  return rates;
}

std::int64_t duration_us(const Track& track) {
  std::int64_t sum = 0;
  for (const Segment& segment : track.segments) sum += segment.duration;
  return static_cast<std::int64_t>(
      std::llround(static_cast<double>(sum) * 1e6 / static_cast<double>(track.timescale)));
}

}  // namespace package
