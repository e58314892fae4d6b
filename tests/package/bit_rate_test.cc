#include "package/bit_rate.h"

#include <gtest/gtest.h>

namespace package {
namespace {

TEST(BitRate, TheTargetDurationIsTheLongestRounded) {
  const std::vector<Piece> pieces{{4'011, 1}, {3'989, 1}};
  EXPECT_EQ(target_duration(pieces, 1'000), 4);
  EXPECT_EQ(target_duration(std::vector<Piece>{{4'500, 1}}, 1'000), 5);
  EXPECT_EQ(target_duration(std::vector<Piece>{{4'499, 1}}, 1'000), 4);
  EXPECT_EQ(target_duration(std::vector<Piece>{{10, 1}}, 1'000), 1);
}

TEST(BitRate, ThePeakIsOfAnySegmentAndTheAverageOfAll) {
  const std::vector<Piece> pieces{{4, 1'000}, {4, 3'000}, {4, 500}};
  EXPECT_EQ(bit_rates(pieces, 1).peak, 6'000);
  EXPECT_EQ(bit_rates(pieces, 1).average, 3'000);
}

TEST(BitRate, AShortLastSegmentCountsWithTheOneBeforeIt) {
  // 1 s of 8,000 b/s is less than half of 4 s: alone it is no peak; with the one before it lasts
  // 5 s and has 8 · 3,000 bits.
  const std::vector<Piece> pieces{{4, 2'000}, {4, 2'000}, {1, 1'000}};
  EXPECT_EQ(bit_rates(pieces, 1).peak, 4'800);
  // 2 s are half of 4 s and count alone.
  EXPECT_EQ(bit_rates(std::vector<Piece>{{4, 2'000}, {2, 2'000}}, 1).peak, 8'000);
}

TEST(BitRate, RunsLongerThanOneAndAHalfDoNotCount) {
  // The first four have 7,000 b/s, but last 8 s where 7.5 s are the most.
  const std::vector<Piece> pieces{{1, 2'000}, {5, 1'000}, {1, 2'000}, {1, 2'000}, {5, 10}, {5, 10}};
  EXPECT_EQ(target_duration(pieces, 1), 5);
  EXPECT_EQ(bit_rates(pieces, 1).peak, 5'715);  // Of 1 + 5 + 1 s: 8 · 5,000 / 7.
}

TEST(BitRate, AClipOfAMomentHasThePeakOfItsWhole) {
  const BitRates rates = bit_rates(std::vector<Piece>{{100, 100}}, 1'000);
  EXPECT_EQ(rates.peak, 8'000);
  EXPECT_EQ(rates.average, 8'000);
}

TEST(BitRate, LargeNumbersDoNotOverflow) {
  const std::vector<Piece> pieces(10, {kSegmentSecondsMax * kTimescaleMax, kSegmentBytesMax});
  EXPECT_EQ(bit_rates(pieces, kTimescaleMax).peak,
            static_cast<std::int64_t>((kSegmentBytesMax * 8 + 3'599) / 3'600));
}

}  // namespace
}  // namespace package
