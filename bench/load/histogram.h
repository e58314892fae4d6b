// Histogram: latencies with a relative error below 1/128, from a nanosecond to hours, in fixed
// memory (as HdrHistogram does: each power of two is cut into equal steps).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace load {

class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;

  // Negative durations count as zero.
  void record(Duration value);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration max() const { return Duration(max_); }
  [[nodiscard]] Duration min() const { return Duration(count_ == 0 ? 0 : min_); }
  [[nodiscard]] Duration mean() const;

  // The smallest recorded value (rounded up to its step) that at least `percent` of all values do
  // not exceed. Zero when empty. 0 < percent <= 100.
  [[nodiscard]] Duration percentile(double percent) const;

 private:
  static constexpr unsigned kStepBits = 7;  // 128 steps an octave.
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
  static constexpr std::size_t kOctaves = 64 - kStepBits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t last_value_of(std::size_t bucket);

  std::array<std::uint64_t, (kOctaves + 1) * kSteps> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  double sum_ = 0;
};

}  // namespace load
