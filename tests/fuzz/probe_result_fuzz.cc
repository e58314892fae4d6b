// What a worker tells of a file: any JSON is refused, or makes a plan, or a sentence for the creator; and the
// plan is one that can be done.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/check.h"
#include "origin/videos/plan.h"

namespace {

void check(const origin::VideoTrack& track) {
  CHECK(track.frames > 0 && track.gop > 0 && track.segment % track.gop == 0);
  CHECK(track.rate.num > 0 && track.rate.den > 0 && track.rate.num <= INT32_MAX);
  CHECK(!track.units.empty() && !track.rungs.empty());
  for (const origin::Rung& rung : track.rungs) {
    CHECK(rung.width >= 2 && rung.width % 2 == 0 && rung.width <= 16'384);
    CHECK(rung.height >= 2 && rung.height % 2 == 0 && rung.height <= 16'384);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto told = nlohmann::json::parse(text, nullptr, false);
  if (told.is_discarded()) return 0;
  const auto read = origin::read_probe_result(told);
  if (!read) {
    CHECK(read.error().code == base::ErrorCode::kProtocol && !read.error().context.empty());
    return 0;
  }
  origin::Ladder ladder;
  ladder.more_codecs = {package::PictureCodec::kAv1};
  const auto plan = origin::plan_for(*read, ladder);
  if (!plan) {
    CHECK(plan.error().code == base::ErrorCode::kInvalid && plan.error().context.ends_with('.'));
    return 0;
  }
  if (plan->video) {
    check(*plan->video);
    CHECK(origin::transcode_spec(*read, *plan->video, 0, plan->video->rungs, ladder).is_object());
  }
  for (const origin::AudioTrack& track : plan->audio) {
    CHECK(track.frames > 0 && track.cuts.are_within_bounds());
  }
  if (plan->images) CHECK(plan->images->tiles > 0 && plan->images->poster_width >= 2);
  return 0;
}
