#include "origin/videos/plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace origin {
namespace {

using nlohmann::json;

constexpr std::int64_t kDurationMaxUs = 12ll * 3600 * 1'000'000;
constexpr std::int64_t kSideMax = 16'384;
constexpr int kGopsPerSegment = 2;
constexpr int kSegmentsPerUnit = 8;
constexpr double kGopSeconds = 2;
constexpr double kRateMax = 60;

// libavcodec's AAC begins with a frame of its own, which is left out; libopus with 312 samples.
const AudioTrack kAac{.name = "audio", .codec = "aac", .cuts = {.frame = 1'024}};
const AudioTrack kOpus{.name = "audio-opus", .codec = "opus", .cuts = {.frame = 960, .lead = 312}};

std::unexpected<base::Error> unplayable(std::string sentence) {
  return base::fail(base::ErrorCode::kInvalid, std::move(sentence), base::Blame::kClient);
}

double value_of(Rational rate) {
  return static_cast<double>(rate.num) / static_cast<double>(rate.den);
}

// The rate that frames are put on: the source's if it is constant and not above 60 a second (then
// half of it), else the standard rate that is nearest.
Rational output_rate(Rational source, bool variable) {
  constexpr std::array kStandard{Rational{24'000, 1'001}, Rational{24, 1}, Rational{25, 1},
                                 Rational{30'000, 1'001}, Rational{30, 1}, Rational{50, 1},
                                 Rational{60'000, 1'001}, Rational{60, 1}};
  if (source.num <= 0) return {30, 1};  // "0 fps" claims.
  while (value_of(source) > kRateMax * 1.001) source.den *= 2;
  const bool plausible = value_of(source) >= 1 && source.num <= 240'000 && source.den <= 2'002;
  if (!variable && plausible) return source;
  return *std::ranges::min_element(
      kStandard, {}, [&](Rational rate) { return std::abs(value_of(rate) - value_of(source)); });
}

// The same rate with a numerator that serves as a time scale: fine enough for sound to be laid beside.
Rational fine(Rational rate) {
  if (rate.num < 10'000) return {rate.num * 1'000, rate.den * 1'000};
  return rate;
}

// kb/s that look well at this short side and up to 30 frames a second, after Apple's table.
int rate_for(int side, double fps) {
  constexpr std::array<std::pair<int, int>, 8> kTable{{{144, 90},
                                                       {234, 145},
                                                       {360, 730},
                                                       {540, 2'000},
                                                       {720, 3'000},
                                                       {1'080, 6'000},
                                                       {1'440, 8'100},
                                                       {2'160, 11'600}}};
  double kbps = kTable.back().second;
  for (std::size_t i = 1; i < kTable.size(); ++i) {
    if (side > kTable[i].first) continue;
    const double part = std::max(0.0, static_cast<double>(side - kTable[i - 1].first)) /
                        (kTable[i].first - kTable[i - 1].first);
    kbps = kTable[i - 1].second + part * (kTable[i].second - kTable[i - 1].second);
    break;
  }
  return static_cast<int>(fps > 31 ? kbps * 1.5 : kbps);
}

struct Size {
  std::int64_t width = 0, height = 0;
};

// Encoders of 4:2:0 take even sizes alone: the nearest one, but never more than the source has.
int even(double length, std::int64_t source) {
  const std::int64_t nearest = 2 * std::llround(length / 2);
  return static_cast<int>(std::max<std::int64_t>(2, std::min(nearest, source / 2 * 2)));
}

std::vector<Rung> rungs_for(Size source, double fps, const Ladder& ladder) {
  const std::int64_t short_side = std::min(source.width, source.height);
  const std::int64_t source_side = even(static_cast<double>(short_side), short_side);
  std::vector<int> sides;
  for (const int side : ladder.rungs) {
    if (side <= source_side) sides.push_back(side);
  }
  // What lies well between two rungs is worth one of its own.
  const int highest = sides.empty() ? 0 : sides.back();
  if (source_side * 100 > highest * 115 && source_side < ladder.rungs.back()) {
    sides.push_back(static_cast<int>(source_side));
  }
  std::vector<Rung> rungs;
  for (const int side : sides) {
    const double scale = static_cast<double>(side) / static_cast<double>(short_side);
    rungs.push_back({.name = std::to_string(side) + "p",
                     .width = even(static_cast<double>(source.width) * scale, source.width),
                     .height = even(static_cast<double>(source.height) * scale, source.height),
                     .rate_max_kbps = rate_for(side, fps)});
  }
  return rungs;
}

// Their ceilings are lower, as they need less for the same picture. SVT-AV1 takes nothing smaller than
// 64 × 64.
std::vector<Rung> more_rungs_for(const std::vector<Rung>& rungs, const Ladder& ladder) {
  constexpr int kAv1SideMin = 64;
  std::vector<Rung> more;
  for (const package::PictureCodec codec : ladder.more_codecs) {
    for (Rung rung : rungs) {
      const bool is_av1 = codec == package::PictureCodec::kAv1;
      if (is_av1 && std::min(rung.width, rung.height) < kAv1SideMin) continue;
      rung.codec = codec;
      rung.name += "-" + std::string(package::name_of(codec));
      rung.rate_max_kbps = is_av1 ? rung.rate_max_kbps * 2 / 3 : rung.rate_max_kbps * 3 / 4;
      more.push_back(std::move(rung));
    }
  }
  return more;
}

// As it is shown: upright, of square pixels.
base::Result<Size> shown_size(const ProbeResult::Video& found) {
  const auto refuse = [](std::int64_t width, std::int64_t height) {
    return unplayable("The picture is " + std::to_string(width) + " × " + std::to_string(height) +
                      ", which is outside of what can be played.");
  };
  if (found.width < 2 || found.height < 2 || found.width > kSideMax || found.height > kSideMax) {
    return refuse(found.width, found.height);
  }
  const double aspect = value_of(found.sar);
  auto shown_width = static_cast<double>(found.width);
  if (aspect > 0.1 && aspect < 10) shown_width *= aspect;
  Size shown{std::llround(shown_width), found.height};
  // Pixels that are made square make it wider, and no encoder takes what is wider than this.
  if (shown.width < 2 || shown.width > kSideMax) return refuse(shown.width, shown.height);
  if (found.rotation == 90 || found.rotation == 270) std::swap(shown.width, shown.height);
  return shown;
}

// Rounded up.
std::int64_t divided(std::int64_t amount, std::int64_t by) { return (amount + by - 1) / by; }

// About as many in each: with a short last unit whoever makes it is done while others still work.
std::int64_t segments_per_unit(const VideoTrack& track) {
  const std::int64_t segments = divided(track.frames, track.segment);
  return divided(segments, divided(segments, kSegmentsPerUnit));
}

VideoTrack video_track(const ProbeResult::Video& found, Size shown, std::int64_t duration_us,
                       const Ladder& ladder) {
  VideoTrack track;
  track.rate = fine(output_rate(found.rate, found.variable));
  const double fps = value_of(track.rate);
  const auto of_duration =
      static_cast<std::int64_t>(std::llround(static_cast<double>(duration_us) * fps / 1'000'000));
  track.frames = std::max<std::int64_t>(1, of_duration);
  track.gop = std::max<std::int64_t>(1, std::llround(fps * kGopSeconds));
  track.segment = track.gop * kGopsPerSegment;
  const std::int64_t unit = track.segment * segments_per_unit(track);
  for (std::int64_t first = 0; first < track.frames; first += unit) {
    track.units.push_back({first, std::min(unit, track.frames - first)});
  }
  track.rungs = rungs_for(shown, fps, ladder);
  track.more_rungs = more_rungs_for(track.rungs, ladder);
  return track;
}

// Within a box that lies or stands as the picture does; never larger than the picture.
Size fit(Size shown, std::int64_t long_side, std::int64_t short_side) {
  const auto width = static_cast<double>(shown.width);
  const auto height = static_cast<double>(shown.height);
  const double scale = std::min({1.0, static_cast<double>(long_side) / std::max(width, height),
                                 static_cast<double>(short_side) / std::min(width, height)});
  return {even(width * scale, shown.width), even(height * scale, shown.height)};
}

// A second between tiles for short videos, ten from a quarter of an hour on: as far apart as
// keyframes mostly are, so that nearly all tiles cost one picture. More only where there would be too
// many.
Images images_of(Size shown, std::int64_t duration_us) {
  constexpr std::int64_t kTilesWanted = 100;
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr std::int64_t kMillisecond = 1'000;
  constexpr int kGrid = 10;
  const std::int64_t wanted =
      std::max(std::clamp(divided(duration_us, kTilesWanted), kSecond, 10 * kSecond),
               divided(duration_us, Images::kTilesMax));
  Images images;
  images.interval_us = divided(wanted, kMillisecond) * kMillisecond;
  images.tiles = divided(duration_us, images.interval_us);
  images.columns = static_cast<int>(std::min<std::int64_t>(kGrid, images.tiles));
  images.rows =
      static_cast<int>(std::min<std::int64_t>(kGrid, divided(images.tiles, images.columns)));
  const Size tile = fit(shown, 160, 90);
  images.tile_width = static_cast<int>(tile.width);
  images.tile_height = static_cast<int>(tile.height);
  const Size poster = fit(shown, 1'280, 720);
  images.poster_width = static_cast<int>(poster.width);
  images.poster_height = static_cast<int>(poster.height);
  return images;
}

// A segment's samples, as a fraction.
Rational sound_length(const std::optional<VideoTrack>& video) {
  if (!video) {
    return {static_cast<std::int64_t>(kGopSeconds * kGopsPerSegment) * AudioTrack::kRate, 1};
  }
  const Rational length{video->segment * video->rate.den * AudioTrack::kRate, video->rate.num};
  const std::int64_t common = std::gcd(length.num, length.den);
  return {length.num / common, length.den / common};
}

// In the codec's own frames.
AudioTrack audio_track(AudioTrack track, std::int64_t duration_us,
                       const std::optional<VideoTrack>& video) {
  package::SoundCuts& cuts = track.cuts;
  const double per_second =
      static_cast<double>(AudioTrack::kRate) / static_cast<double>(cuts.frame);
  const double lead = static_cast<double>(cuts.lead) / static_cast<double>(cuts.frame);
  track.frames = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(
             std::ceil(static_cast<double>(duration_us) / 1'000'000 * per_second + lead)));
  const Rational length = sound_length(video);
  cuts.length_num = length.num;
  cuts.length_den = length.den;
  // A last one of a few frames would be a request for nothing.
  for (cuts.segments = 1; cuts.cut(cuts.segments) + 4 < track.frames;) ++cuts.segments;
  return track;
}

}  // namespace

std::int64_t Images::sheets() const {
  const std::int64_t of_one = std::int64_t{columns} * rows;
  return (tiles + of_one - 1) / of_one;
}

base::Result<Plan> plan_for(const ProbeResult& probe, const Ladder& ladder) {
  Plan plan{.duration_us = probe.duration_us};
  const bool has_any = probe.video || probe.has_audio;
  if (plan.duration_us <= 0 || !has_any) {
    return unplayable("The file has no picture and no sound in it.");
  }
  if (plan.duration_us > kDurationMaxUs) {
    return unplayable("The video is longer than 12 hours; cut it into parts.");
  }
  if (probe.video) {
    const auto shown = shown_size(*probe.video);
    if (!shown) return std::unexpected(shown.error());
    plan.video = video_track(*probe.video, *shown, plan.duration_us, ladder);
    plan.images = images_of(*shown, plan.duration_us);
  }
  if (probe.has_audio) {
    plan.audio.push_back(audio_track(kAac, plan.duration_us, plan.video));
    if (!ladder.more_codecs.empty()) {
      plan.audio.push_back(audio_track(kOpus, plan.duration_us, plan.video));
    }
  }
  return plan;
}

json transcode_spec(const ProbeResult& probe, const VideoTrack& track, std::size_t unit,
                    const std::vector<Rung>& rungs, const Ladder& ladder) {
  json made = json::array();
  for (const Rung& rung : rungs) {
    made.push_back({{"name", rung.name},
                    {"codec", package::name_of(rung.codec)},
                    {"width", rung.width},
                    {"height", rung.height},
                    {"rate_max_kbps", rung.rate_max_kbps}});
  }
  return {{"container", probe.told.at("container")},
          {"video", probe.told.at("video")},
          {"rate", {track.rate.num, track.rate.den}},
          {"gop", track.gop},
          {"segment", track.segment},
          {"unit", unit},
          {"first", track.units[unit].first},
          {"frames", track.units[unit].frames},
          {"preset", ladder.preset},
          {"crf", ladder.crf},
          {"rungs", made}};
}

json audio_spec(const ProbeResult& probe, const AudioTrack& track) {
  return {{"container", probe.told.at("container")},
          {"audio", probe.told.at("audio")},
          {"name", track.name},
          {"codec", track.codec},
          {"frame", track.cuts.frame},
          {"lead", track.cuts.lead},
          {"frames", track.frames},
          {"segment", {track.cuts.length_num, track.cuts.length_den}},
          {"segments", track.cuts.segments}};
}

json images_spec(const ProbeResult& probe, std::int64_t duration_us, const Images& images) {
  return {{"container", probe.told.at("container")},
          {"video", probe.told.at("video")},
          {"duration_us", duration_us},
          {"interval_us", images.interval_us},
          {"tiles", images.tiles},
          {"sheets", images.sheets()},
          {"columns", images.columns},
          {"rows", images.rows},
          {"tile_width", images.tile_width},
          {"tile_height", images.tile_height},
          {"poster_width", images.poster_width},
          {"poster_height", images.poster_height}};
}

}  // namespace origin
