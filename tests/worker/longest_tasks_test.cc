// The longest tasks that an origin plans, in a worker's hands: they fit into the order that the decoder
// gets, and worker and origin count their outputs alike.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "origin/tasks/output.h"
#include "origin/videos/plan.h"
#include "tests/origin/told_probe.h"
#include "worker/planned_outputs.h"
#include "worker/sandbox/messages.h"

namespace worker {
namespace {

using nlohmann::json;

constexpr std::int64_t kTwelveHoursUs = 12ll * 3'600'000'000;

// All rungs that a config may name, in all codecs.
origin::Ladder longest_ladder() {
  origin::Ladder ladder;
  ladder.rungs = {144, 234, 270, 288, 360,   432,   480,   540,
                  576, 648, 720, 900, 1'080, 1'440, 1'800, 2'160};
  ladder.more_codecs = {package::PictureCodec::kVp9, package::PictureCodec::kAv1};
  return ladder;
}

// At this rate segments are as short as they get: 3.2 s and a little more.
origin::ProbeResult probe_of_twelve_hours() {
  json told = origin::told_probe(kTwelveHoursUs);
  told["video"] = origin::told_video(3'840, 2'160);
  told["video"]["rate"] = {1'249, 1'000};
  told["audio"] = origin::told_audio();
  const auto read = origin::read_probe_result(told);
  EXPECT_TRUE(read) << read.error().context;
  return *read;
}

void expect_fits(origin::TaskKind of, const json& spec) {
  const std::string kind(origin::name_of(of));
  const std::string order = json{{"kind", kind}, {"spec", spec}, {"threads", 64}}.dump();
  EXPECT_LE(order.size(), sandbox::kPayloadMax) << kind;
  const auto by_worker = planned_outputs(kind, spec);
  const auto by_origin = origin::planned_outputs(of, spec.dump());
  ASSERT_TRUE(by_worker) << by_worker.error().context;
  ASSERT_TRUE(by_origin) << by_origin.error().context;
  EXPECT_EQ(*by_worker, by_origin->size()) << kind;
}

TEST(LongestTasks, FitAWorkersOrderAndItsOutputs) {
  const origin::ProbeResult probe = probe_of_twelve_hours();
  const origin::Ladder ladder = longest_ladder();
  const auto plan = origin::plan_for(probe, ladder);
  ASSERT_TRUE(plan) << plan.error().context;
  ASSERT_EQ(plan->audio.size(), 2u);
  for (const origin::AudioTrack& track : plan->audio) {
    EXPECT_GT(track.cuts.segments, 13'000);
    expect_fits(origin::TaskKind::kAudio, audio_spec(probe, track));
  }
  expect_fits(origin::TaskKind::kImages, images_spec(probe, plan->duration_us, *plan->images));
  std::vector<origin::Rung> rungs = plan->video->rungs;
  rungs.insert(rungs.end(), plan->video->more_rungs.begin(), plan->video->more_rungs.end());
  ASSERT_EQ(rungs.size(), 48u);
  for (const std::size_t unit : {std::size_t{0}, plan->video->units.size() - 1}) {
    expect_fits(origin::TaskKind::kTranscode,
                transcode_spec(probe, *plan->video, unit, rungs, ladder));
  }
  expect_fits(origin::TaskKind::kProbe, {{"container", "matroska"}});
}

TEST(LongestTasks, OfOriginsThatListTheCutsAreCountedToo) {
  EXPECT_EQ(planned_outputs("audio", {{"frames", 11}, {"boundaries", {0, 5}}}), 3u);
}

TEST(LongestTasks, ThatPlanTooMuchOrMakeNoSenseAreRefused) {
  const auto images = [](const json& sheets) {
    return planned_outputs("images", {{"sheets", sheets}});
  };
  EXPECT_EQ(*images(kPlannedOutputsMax - 1), kPlannedOutputsMax);
  for (const json& sheets : {json(kPlannedOutputsMax), json(INT64_MAX), json("x"), json()}) {
    EXPECT_EQ(images(sheets).error().code, base::ErrorCode::kInvalid) << sheets;
  }
  EXPECT_FALSE(planned_outputs("audio", json::object()));
}

}  // namespace
}  // namespace worker
