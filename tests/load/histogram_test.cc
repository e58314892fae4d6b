#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/load/random.h"

namespace load {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, AnswersZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(99).count(), 0);
  EXPECT_EQ(histogram.mean().count(), 0);
  EXPECT_EQ(histogram.min().count(), 0);
}

TEST(Histogram, KeepsSmallValuesExactly) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record(nanoseconds(i));
  EXPECT_EQ(histogram.percentile(1).count(), 1);
  EXPECT_EQ(histogram.percentile(50).count(), 50);
  EXPECT_EQ(histogram.percentile(100).count(), 100);
  EXPECT_EQ(histogram.min().count(), 1);
  EXPECT_EQ(histogram.mean().count(), 50);
}

TEST(Histogram, IsWithinOnePercentOfTheSortedListAtEveryScale) {
  Histogram histogram;
  std::vector<double> sorted;
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::exp(random.unit() * 30);  // 1 ns to 3 hours.
    histogram.record(nanoseconds(static_cast<nanoseconds::rep>(value)));
    sorted.push_back(std::floor(value));
  }
  std::ranges::sort(sorted);
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20'000));
    const double exact = sorted[rank - 1];
    const auto found = static_cast<double>(histogram.percentile(percent).count());
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(found, exact * 1.01 + 1) << percent;
  }
}

TEST(Histogram, TakesTheLargestAndTheNegative) {
  Histogram histogram;
  histogram.record(nanoseconds::max());
  histogram.record(nanoseconds(-5));
  EXPECT_EQ(histogram.percentile(50).count(), 0);
  EXPECT_EQ(histogram.percentile(100), nanoseconds::max());
}

}  // namespace
}  // namespace load
