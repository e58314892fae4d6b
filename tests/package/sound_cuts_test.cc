#include "package/sound_cuts.h"

#include <gtest/gtest.h>

#include <cmath>

namespace package {
namespace {

TEST(SoundCuts, LieNearestToThePictures) {
  // 120 frames of 1001/30000 s at 48 kHz.
  const SoundCuts aac{.length_num = 960'960, .length_den = 5, .frame = 1'024, .segments = 10'800};
  ASSERT_TRUE(aac.are_within_bounds());
  const auto cuts = aac.cuts();
  ASSERT_EQ(cuts.size(), 10'800u);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const double wanted = static_cast<double>(i) * 192'192 / 1'024;
    ASSERT_EQ(cuts[i], std::llround(wanted)) << i;
  }
}

TEST(SoundCuts, CountWhatComesBeforeThePresentation) {
  const SoundCuts opus{.length_num = 192'000, .frame = 960, .lead = 312, .segments = 3};
  EXPECT_EQ(opus.cuts(), (std::vector<std::int64_t>{0, 200, 400}));
  const SoundCuts late{.length_num = 192'000, .frame = 960, .lead = 480, .segments = 3};
  EXPECT_EQ(late.cuts(), (std::vector<std::int64_t>{0, 201, 401})) << "the half is rounded up";
}

TEST(SoundCuts, HaveBounds) {
  const SoundCuts good{.length_num = 10'000'000'000'000,
                       .length_den = 10'000'000'000'000,
                       .frame = 100'000,
                       .lead = 100'000,
                       .segments = 100'000};
  EXPECT_TRUE(good.are_within_bounds());
  EXPECT_GT(good.cut(99'999), 0);
  const auto with = [&good](std::int64_t SoundCuts::* member, std::int64_t value) {
    SoundCuts changed = good;
    changed.*member = value;
    return changed.are_within_bounds();
  };
  for (const auto member : {&SoundCuts::length_num, &SoundCuts::length_den, &SoundCuts::frame,
                            &SoundCuts::segments, &SoundCuts::lead}) {
    EXPECT_FALSE(with(member, -1));
    EXPECT_FALSE(with(member, good.*member + 1));
  }
  EXPECT_FALSE(with(&SoundCuts::length_den, 0));
  EXPECT_FALSE(with(&SoundCuts::segments, 0));
}

}  // namespace
}  // namespace package
