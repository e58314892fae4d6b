#include "origin/videos/plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/origin/told_probe.h"

namespace origin {
namespace {

using nlohmann::json;

ProbeResult read(const json& told) {
  const auto probe = read_probe_result(told);
  EXPECT_TRUE(probe) << probe.error().context;
  return *probe;
}

// `more`: of the picture.
ProbeResult probe_of(int width, int height, const std::vector<int>& rate, std::int64_t duration_us,
                     const json& more = json::object()) {
  json told = told_probe(duration_us);
  told["video"] = told_video(width, height);
  told["video"]["rate"] = rate;
  told["video"].update(more);
  return read(told);
}

ProbeResult with_sound(ProbeResult probe) {
  probe.told["audio"] = told_audio();
  return read(probe.told);
}

ProbeResult sound_of(std::int64_t duration_us) { return with_sound(read(told_probe(duration_us))); }

std::vector<std::string> rungs_of(const ProbeResult& probe) {
  const auto plan = plan_for(probe, Ladder{});
  EXPECT_TRUE(plan) << plan.error().context;
  std::vector<std::string> names;
  for (const Rung& rung : plan->video->rungs) {
    names.push_back(rung.name + " " + std::to_string(rung.width) + "x" +
                    std::to_string(rung.height));
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(Plan, TheLadderNeverUpscalesAndIsNamedByTheShortSide) {
  EXPECT_EQ(
      rungs_of(probe_of(1920, 1080, {30, 1}, 1'000'000)),
      (Names{"234p 416x234", "360p 640x360", "540p 960x540", "720p 1280x720", "1080p 1920x1080"}));
  EXPECT_EQ(rungs_of(probe_of(640, 360, {30, 1}, 1'000'000)),
            (Names{"234p 416x234", "360p 640x360"}));
  EXPECT_EQ(rungs_of(probe_of(1080, 1920, {30, 1}, 1'000'000)).back(), "1080p 1080x1920");
  EXPECT_EQ(rungs_of(probe_of(3840, 2160, {30, 1}, 1'000'000)).back(), "1080p 1920x1080");
  EXPECT_EQ(rungs_of(probe_of(854, 480, {30, 1}, 1'000'000)).back(), "480p 854x480")
      << "what lies between two rungs is kept";
}

TEST(Plan, OddSizesBecomeEvenDownwards) {
  const auto top = [](int width, int height, const json& more = json::object()) {
    return rungs_of(probe_of(width, height, {30, 1}, 1'000'000, more)).back();
  };
  EXPECT_EQ(top(323, 181), "180p 322x180");
  EXPECT_EQ(top(323, 180), "180p 322x180");
  EXPECT_EQ(top(322, 181), "180p 320x180") << "the shape is kept";
  EXPECT_EQ(top(161, 121), "120p 160x120");
  EXPECT_EQ(top(1921, 1081), "1080p 1920x1080");
  EXPECT_EQ(top(361, 361), "360p 360x360");
  EXPECT_EQ(top(323, 181, {{"rotation", 90}}), "180p 180x322");
  // What is odd once pixels are square.
  EXPECT_EQ(top(720, 480, {{"sar", {10, 11}}}), "480p 654x480");
  EXPECT_EQ(top(323, 181, {{"sar", {4, 3}}}), "180p 428x180");
  EXPECT_EQ(top(323, 181, {{"sar", {4, 3}}, {"rotation", 270}}), "180p 180x428");
  // None is smaller than an encoder takes.
  EXPECT_EQ(top(2, 2), "2p 2x2");
  EXPECT_EQ(top(3, 3), "2p 2x2");
  EXPECT_EQ(top(3, 181), "2p 2x120");
  EXPECT_EQ(top(2, 181), "2p 2x180");
}

// Of any source: no side is longer than its own, and the shape is its own as far as even sizes let it.
TEST(Plan, NoRungIsLargerThanTheSource) {
  for (int width = 2; width < 1'100; width += width < 40 ? 1 : 37) {
    for (int height = 2; height < 1'100; height += height < 40 ? 1 : 29) {
      const auto plan = plan_for(probe_of(width, height, {30, 1}, 1'000'000), Ladder{});
      ASSERT_TRUE(plan) << plan.error().context;
      for (const Rung& rung : plan->video->rungs) {
        const std::string size = std::to_string(width) + "x" + std::to_string(height) + " as " +
                                 std::to_string(rung.width) + "x" + std::to_string(rung.height);
        EXPECT_TRUE(rung.width >= 2 && rung.width <= width && rung.width % 2 == 0) << size;
        EXPECT_TRUE(rung.height >= 2 && rung.height <= height && rung.height % 2 == 0) << size;
        const double shape = static_cast<double>(width) / height;
        const double off =
            width > height ? rung.width / shape - rung.height : rung.height * shape - rung.width;
        EXPECT_LE(std::abs(off), 1) << size;
      }
    }
  }
}

TEST(Plan, PixelsAreMadeSquareAndThePictureUpright) {
  EXPECT_EQ(rungs_of(probe_of(1440, 1080, {25, 1}, 1'000'000, {{"sar", {4, 3}}})).back(),
            "1080p 1920x1080");
  EXPECT_EQ(rungs_of(probe_of(1920, 1080, {25, 1}, 1'000'000, {{"rotation", 90}})).back(),
            "1080p 1080x1920");
  EXPECT_EQ(rungs_of(probe_of(8'192, 16, {25, 1}, 1'000'000, {{"sar", {2, 1}}})),
            (Names{"16p 16384x16"}));
}

TEST(Plan, FramesAreLaidOnAGridAndCutIntoUnitsOfWholeSegments) {
  const auto plan = plan_for(probe_of(640, 360, {30'000, 1'001}, 100'100'000), Ladder{});
  ASSERT_TRUE(plan);
  const VideoTrack& track = *plan->video;
  EXPECT_EQ(track.rate, (Rational{30'000, 1'001}));
  EXPECT_EQ(track.frames, 3'000);
  EXPECT_EQ(track.gop, 60);
  EXPECT_EQ(track.segment, 120);
  ASSERT_EQ(track.units.size(), 4u);
  std::int64_t next = 0;
  for (const Unit& unit : track.units) {
    EXPECT_EQ(unit.first, next);
    EXPECT_EQ(unit.first % track.segment, 0);
    next += unit.frames;
  }
  EXPECT_EQ(next, track.frames);
}

TEST(Plan, UnitsHaveAboutAsManySegmentsEach) {
  // 36 s are nine segments: five and four rather than eight and one.
  const auto plan = plan_for(probe_of(640, 360, {30, 1}, 36'000'000), Ladder{});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->video->units.size(), 2u);
  EXPECT_EQ(plan->video->units[0].frames, 5 * 120);
  EXPECT_EQ(plan->video->units[1].frames, 4 * 120);
}

TEST(Plan, OddRatesBecomeOnesThatPlayersKnow) {
  const auto rate = [](const std::vector<int>& source, bool variable) {
    const auto plan =
        plan_for(probe_of(640, 360, source, 1'000'000, {{"variable", variable}}), Ladder{});
    EXPECT_TRUE(plan);
    return static_cast<double>(plan->video->rate.num) / static_cast<double>(plan->video->rate.den);
  };
  EXPECT_DOUBLE_EQ(rate({0, 1}, false), 30) << "a file that claims no rate";
  EXPECT_DOUBLE_EQ(rate({120, 1}, false), 60);
  EXPECT_DOUBLE_EQ(rate({25, 2}, false), 12.5);
  EXPECT_DOUBLE_EQ(rate({2'871, 100}, true), 30.0 * 1'000 / 1'001 > 28.71 ? 30'000.0 / 1'001 : 30);
}

TEST(Plan, SoundIsCutNearestToThePicture) {
  const ProbeResult probe = with_sound(probe_of(640, 360, {30'000, 1'001}, 60'000'000));
  const auto plan = plan_for(probe, Ladder{});
  ASSERT_TRUE(plan);
  const double segment = 120 * 1'001.0 / 30'000;
  ASSERT_EQ(plan->audio.size(), 1u);
  const AudioTrack& aac = plan->audio.front();
  EXPECT_EQ(aac.cuts.segments, 15);
  for (std::int64_t i = 0; i < aac.cuts.segments; ++i) {
    const double at = static_cast<double>(aac.cuts.cut(i)) * 1'024 / 48'000;
    EXPECT_NEAR(at, static_cast<double>(i) * segment, 512.0 / 48'000 + 1e-9);
  }
  EXPECT_EQ(aac.frames, 2'813);
}

TEST(Plan, TheLastSegmentOfSoundHasMoreThanAFewFrames) {
  const auto segments = [](std::int64_t duration_us) {
    return plan_for(sound_of(duration_us), Ladder{})->audio.front().cuts.segments;
  };
  EXPECT_EQ(segments(1), 1);
  EXPECT_EQ(segments(4'000'000), 1);
  EXPECT_EQ(segments(4'074'000), 1) << "191 frames, of which 188 are the first segment's";
  EXPECT_EQ(segments(4'100'000), 2) << "193 frames";
  EXPECT_EQ(segments(12ll * 3'600'000'000), 10'800);
}

TEST(Plan, FurtherCodecsMakeTheRungsOnceMoreAndTheSoundInOpus) {
  const ProbeResult probe = with_sound(probe_of(640, 360, {30'000, 1'001}, 60'000'000));
  Ladder ladder;
  EXPECT_TRUE(plan_for(probe, ladder)->video->more_rungs.empty());
  ladder.more_codecs = {package::PictureCodec::kVp9, package::PictureCodec::kAv1};
  const auto plan = plan_for(probe, ladder);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->video->rungs.size(), 2u);
  Names names;
  for (const Rung& rung : plan->video->more_rungs) {
    names.push_back(rung.name + " " + std::to_string(rung.width) + " " +
                    std::to_string(rung.rate_max_kbps));
  }
  EXPECT_EQ(names,
            (Names{"234p-vp9 416 108", "360p-vp9 640 547", "234p-av1 416 96", "360p-av1 640 486"}));
  const json spec = transcode_spec(probe, *plan->video, 0, plan->video->more_rungs, ladder);
  EXPECT_EQ(spec.at("rungs").at(3).at("codec"), "av1");

  ASSERT_EQ(plan->audio.size(), 2u);
  const AudioTrack& opus = plan->audio.back();
  // The last frame is heard to its end: 60 s and what comes before them.
  EXPECT_EQ(opus.frames, 3'001);
  EXPECT_EQ(opus.cuts.segments, 15);
  EXPECT_EQ(opus.cuts.cut(0), 0);
  for (std::int64_t i = 1; i < opus.cuts.segments; ++i) {
    const double at = static_cast<double>(opus.cuts.cut(i) * 960 - 312) / 48'000;
    EXPECT_NEAR(at, static_cast<double>(i) * 120 * 1'001.0 / 30'000, 480.0 / 48'000 + 1e-9);
  }
  EXPECT_EQ(audio_spec(probe, opus).at("name"), "audio-opus");
}

TEST(Plan, Av1IsNotMadeOfTheSmallestPictures) {
  Ladder ladder;
  ladder.more_codecs = {package::PictureCodec::kAv1};
  EXPECT_EQ(plan_for(probe_of(64, 64, {30, 1}, 1'000'000), ladder)->video->more_rungs.size(), 1u);
  EXPECT_TRUE(plan_for(probe_of(64, 62, {30, 1}, 1'000'000), ladder)->video->more_rungs.empty());
}

std::string images_text(const ProbeResult& probe) {
  const auto plan = plan_for(probe, Ladder{});
  EXPECT_TRUE(plan) << plan.error().context;
  if (!plan->images) return "none";
  const Images& one = *plan->images;
  const auto text = [](auto value) { return std::to_string(value); };
  return text(one.interval_us / 1'000) + " ms, " + text(one.tiles) + " tiles, " +
         text(one.sheets()) + " of " + text(one.columns) + "x" + text(one.rows) + ", " +
         text(one.tile_width) + "x" + text(one.tile_height) + ", " + text(one.poster_width) + "x" +
         text(one.poster_height);
}

TEST(Plan, ImagesAreManyAndNeverTooMany) {
  const auto of = [](std::int64_t duration_us) {
    return images_text(probe_of(1920, 1080, {30, 1}, duration_us));
  };
  const std::string sizes = ", 160x90, 1280x720";
  EXPECT_EQ(of(1), "1000 ms, 1 tiles, 1 of 1x1" + sizes);
  EXPECT_EQ(of(12'000'001), "1000 ms, 13 tiles, 1 of 10x2" + sizes);
  EXPECT_EQ(of(100'000'000), "1000 ms, 100 tiles, 1 of 10x10" + sizes);
  EXPECT_EQ(of(100'000'001), "1001 ms, 100 tiles, 1 of 10x10" + sizes);
  EXPECT_EQ(of(3'600'000'000), "10000 ms, 360 tiles, 4 of 10x10" + sizes);
  EXPECT_EQ(of(12ll * 3'600'000'000), "21600 ms, 2000 tiles, 20 of 10x10" + sizes);
}

TEST(Plan, ImagesHaveThePicturesShapeAndAreNeverLarger) {
  const auto of = [](int width, int height, const json& more) {
    return images_text(probe_of(width, height, {30, 1}, 1'000'000, more));
  };
  const std::string one = "1000 ms, 1 tiles, 1 of 1x1, ";
  EXPECT_EQ(of(1920, 1080, {{"rotation", 90}}), one + "90x160, 720x1280");
  EXPECT_EQ(of(1440, 1080, {{"sar", {4, 3}}}), one + "160x90, 1280x720");
  EXPECT_EQ(of(1080, 1080, json::object()), one + "90x90, 720x720");
  EXPECT_EQ(of(64, 36, json::object()), one + "64x36, 64x36");
  EXPECT_EQ(of(323, 181, json::object()), one + "160x90, 322x180");
  EXPECT_EQ(of(16'384, 2, json::object()), one + "160x2, 1280x2");
  EXPECT_EQ(of(3, 3, json::object()), one + "2x2, 2x2");
  EXPECT_EQ(images_text(sound_of(1'000'000)), "none");
}

TEST(Plan, WhatCanNotBePlayedIsRefusedInWords) {
  const auto refused = [](const ProbeResult& probe) {
    const auto plan = plan_for(probe, Ladder{});
    EXPECT_FALSE(plan);
    if (plan) return std::string();
    EXPECT_EQ(plan.error().code, base::ErrorCode::kInvalid);
    return plan.error().context;
  };
  const std::string nothing = "The file has no picture and no sound in it.";
  EXPECT_EQ(refused(read(told_probe(0))), nothing);
  EXPECT_EQ(refused(read(told_probe(1))), nothing);
  EXPECT_EQ(refused(sound_of(-1)), nothing) << "times that were too large to be added up";
  EXPECT_EQ(refused(probe_of(100'000, 100'000, {30, 1}, 1'000'000)),
            "The picture is 100000 × 100000, which is outside of what can be played.");
  EXPECT_EQ(refused(probe_of(0, 0, {30, 1}, 1'000'000)),
            "The picture is 0 × 0, which is outside of what can be played.");
  EXPECT_EQ(refused(probe_of(1, 240, {30, 1}, 1'000'000)),
            "The picture is 1 × 240, which is outside of what can be played.");
  EXPECT_EQ(refused(probe_of(4'000, 240, {30, 1}, 1'000'000, {{"sar", {9, 1}}})),
            "The picture is 36000 × 240, which is outside of what can be played.");
  EXPECT_EQ(refused(probe_of(4, 240, {30, 1}, 1'000'000, {{"sar", {1, 9}}})),
            "The picture is 0 × 240, which is outside of what can be played.");
  EXPECT_EQ(refused(probe_of(640, 360, {30, 1}, 13ll * 3'600'000'000)),
            "The video is longer than 12 hours; cut it into parts.");
}

}  // namespace
}  // namespace origin
