#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace load {

// Values below 2 * kSteps have a bucket each; above, an octave [2^k, 2^(k+1)) has kSteps buckets of
// 2^(k - kStepBits) values.
std::size_t Histogram::bucket_of(std::uint64_t value) {
  if (value < kSteps) return static_cast<std::size_t>(value);
  const unsigned octave = static_cast<unsigned>(std::bit_width(value)) - 1 - kStepBits;
  return (octave + 1) * kSteps + static_cast<std::size_t>((value >> octave) - kSteps);
}

std::uint64_t Histogram::last_value_of(std::size_t bucket) {
  if (bucket < kSteps) return bucket;
  const std::size_t octave = bucket / kSteps - 1;
  const std::uint64_t first = (kSteps + bucket % kSteps) << octave;
  return first + ((std::uint64_t{1} << octave) - 1);
}

void Histogram::record(Duration value) {
  const auto ns = static_cast<std::uint64_t>(std::max<Duration::rep>(value.count(), 0));
  ++buckets_[bucket_of(ns)];
  ++count_;
  max_ = std::max(max_, ns);
  min_ = std::min(min_, ns);
  sum_ += static_cast<double>(ns);
}

Histogram::Duration Histogram::mean() const {
  if (count_ == 0) return Duration(0);
  return Duration(static_cast<Duration::rep>(sum_ / static_cast<double>(count_)));
}

Histogram::Duration Histogram::percentile(double percent) const {
  if (count_ == 0) return Duration(0);
  const auto wanted = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_))), 1,
      count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return Duration(std::min(last_value_of(bucket), max_));
  }
  return Duration(max_);
}

}  // namespace load
