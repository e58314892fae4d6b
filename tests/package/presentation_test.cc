#include "package/presentation.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/package/sample.h"

namespace package {
namespace {

TEST(Presentation, TakesWhatAPlatformMakes) {
  ASSERT_TRUE(verify(sample()));
  EXPECT_EQ(duration_us(sample()), 10'000'000);
  Presentation sound = sample();
  sound.video.clear();
  ASSERT_TRUE(verify(sound));
  EXPECT_EQ(duration_us(sound), 10'005'333);
}

TEST(Presentation, SaysWhatIsWrong) {
  const auto expect_wrong = [](const char* words,
                               const std::function<void(Presentation&)>& break_it) {
    Presentation all = sample();
    break_it(all);
    const auto checked = verify(all);
    ASSERT_FALSE(checked) << words;
    EXPECT_NE(checked.error().context.find(words), std::string::npos) << checked.error().context;
  };
  expect_wrong("neither picture nor sound", [](auto& all) { all = {}; });
  expect_wrong("'720p' has no codec string", [](auto& all) { all.video[0].codec.clear(); });
  expect_wrong("'720p' has no codec string", [](auto& all) { all.video[0].codec = "a\"b"; });
  expect_wrong("no valid timescale", [](auto& all) { all.video[0].timescale = 0; });
  expect_wrong("'720p' goes with a group of sound that is not there",
               [](auto& all) { all.video[0].sound_group = "opus"; });
  expect_wrong("no valid timescale", [](auto& all) { all.video[0].timescale = kTimescaleMax + 1; });
  expect_wrong("no init segment", [](auto& all) { all.audio[0].init.clear(); });
  expect_wrong("has no segments", [](auto& all) { all.audio[0].segments.clear(); });
  expect_wrong("too many segments",
               [](auto& all) { all.audio[0].segments.resize(kSegmentsMax + 1); });
  expect_wrong("without a name", [](auto& all) { all.audio[0].segments[1].name.clear(); });
  expect_wrong("without a valid duration",
               [](auto& all) { all.audio[0].segments[1].duration = 0; });
  expect_wrong("without a valid duration", [](auto& all) {
    all.audio[0].segments[1].duration = kSegmentSecondsMax * all.audio[0].timescale + 1;
  });
  expect_wrong("without a valid size", [](auto& all) { all.audio[0].segments[1].bytes = 0; });
  expect_wrong("without a valid size",
               [](auto& all) { all.audio[0].segments[1].bytes = kSegmentBytesMax + 1; });
  expect_wrong("outside of its segment", [](auto& all) {
    IFrame& frame = all.video[0].segments[0].i_frames[1];
    frame.length = all.video[0].segments[0].bytes - frame.offset + 1;
  });
  expect_wrong("none that starts a segment",
               [](auto& all) { all.video[0].segments[0].i_frames[0].start = 1; });
  expect_wrong("out of order", [](auto& all) { all.video[0].segments[0].i_frames[1].start = 0; });
  expect_wrong("in some segments only",
               [](auto& all) { all.video[0].segments[1].i_frames.clear(); });
  expect_wrong("no picture size", [](auto& all) { all.video[0].width = 0; });
  expect_wrong("no valid frame rate", [](auto& all) { all.video[0].rate_den = 0; });
  expect_wrong("'720p' and '360p' are not cut", [](auto& all) {
    all.video[1].segments[0].duration += 1;
    all.video[1].segments[1].duration -= 1;
  });
  expect_wrong("'720p' and '360p' are not cut",
               [](auto& all) { all.video[1].segments.pop_back(); });
  expect_wrong("two default tracks",
               [](auto& all) { all.audio[0].is_default = all.audio[1].is_default = true; });
  expect_wrong("channels", [](auto& all) { all.audio[0].channels = 0; });
  expect_wrong("'audio-en' is not one", [](auto& all) { all.audio[1].id = "audio-en"; });
  for (const char* id : {"", "a/b", "..", "captions", "a b", "a\""}) {
    expect_wrong("is not one", [id](auto& all) { all.video[0].id = id; });
  }
  expect_wrong("captions' id 'en'", [](auto& all) { all.captions[1].id = "en"; });
  expect_wrong("no valid file", [](auto& all) { all.captions[1].name.clear(); });
  expect_wrong("two captions", [](auto& all) { all.captions[1].is_default = true; });
  expect_wrong("no sheets", [](auto& all) { all.storyboards[0].sheets.clear(); });
  expect_wrong("no valid tiles", [](auto& all) { all.storyboards[0].rows = 0; });
  expect_wrong("no valid tiles", [](auto& all) { all.storyboards[0].interval_us = 0; });
  expect_wrong("too many tracks", [](auto& all) { all.captions.resize(kTracksMax + 1); });
}

TEST(Presentation, TakesWhatIsAtItsLimits) {
  Presentation all = sample();
  all.video.clear();
  all.audio.resize(1);
  all.audio[0].segments.assign(kSegmentsMax, all.audio[0].segments[0]);
  all.audio[0].segments[0].duration = kSegmentSecondsMax * all.audio[0].timescale;
  all.audio[0].segments[0].bytes = kSegmentBytesMax;
  EXPECT_TRUE(verify(all));
  Presentation captioned = sample();
  captioned.captions.clear();
  for (std::size_t i = 0; i < kTracksMax; ++i) {
    captioned.captions.push_back({.id = std::to_string(i), .name = "a.vtt"});
  }
  EXPECT_TRUE(verify(captioned));
}

TEST(Presentation, RungsOfDifferentTimescalesAreComparedInTime) {
  Presentation all = sample();
  all.video[1].timescale *= 2;
  for (Segment& segment : all.video[1].segments) {
    segment.duration *= 2;
    for (IFrame& frame : segment.i_frames) frame.start *= 2;
  }
  EXPECT_TRUE(verify(all));
}

TEST(Presentation, TicksAreRoundedToTheNearestMicrosecond) {
  EXPECT_EQ(microseconds(1, 3), 333'333);
  EXPECT_EQ(microseconds(2, 3), 666'667);
  EXPECT_EQ(microseconds(0, 48'000), 0);
  EXPECT_EQ(microseconds(std::int64_t{50'000} * kSegmentSecondsMax * kTimescaleMax, kTimescaleMax),
            std::int64_t{180'000'000} * 1'000'000);
}

}  // namespace
}  // namespace package
