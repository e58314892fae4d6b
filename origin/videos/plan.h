// Plan: from what a probe found to the work that makes a video playable: the output grid, one
// boundary table, the ladder, and the tasks. docs/media.md.
//
// Pure. Time is split, not bytes: frame n of the output is shown at n × rate.den / rate.num seconds
// from the presentation's start. Segments are kGopsPerSegment groups of pictures, units are at most
// kSegmentsPerUnit segments, about as many in each; the last of each may be shorter. Sound is cut at
// its codec's frames, each boundary at the frame that begins nearest to the picture's.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "origin/videos/probe_result.h"
#include "package/picture_codec.h"
#include "package/sound_cuts.h"

namespace origin {

struct Rung {
  std::string name;  // "720p", its short side; "720p-vp9".
  package::PictureCodec codec = package::PictureCodec::kH264;
  int width = 0, height = 0;
  int rate_max_kbps = 0;  // Ceiling over the constant quality.
};

// When the lowest rung is made: alone and before the others, so that a video is soon watchable; or
// with them, so that each picture is decoded once.
enum class FirstRung : std::uint8_t { kEarly, kWithOthers };

struct Ladder {
  // Short sides, low to high. None above the source's.
  std::vector<int> rungs{234, 360, 540, 720, 1080};
  // Each makes the rungs once more, and the sound in Opus.
  std::vector<package::PictureCodec> more_codecs;
  std::string preset = "veryfast";
  int crf = 23;
  FirstRung first_rung = FirstRung::kEarly;
};

struct Unit {
  std::int64_t first = 0, frames = 0;
};

struct VideoTrack {
  Rational rate;
  std::int64_t frames = 0;
  std::int64_t gop = 0, segment = 0;  // In frames.
  std::vector<Unit> units;
  std::vector<Rung> rungs;       // H.264, low to high.
  std::vector<Rung> more_rungs;  // Of the further codecs, each low to high.
};

struct AudioTrack {
  static constexpr std::int64_t kRate = 48'000;
  std::string name;         // "audio", "audio-opus"
  std::string codec;        // "aac", "opus"
  package::SoundCuts cuts;  // Into segments.
  std::int64_t frames = 0;  // Of the codec.
};

// A poster, and sheets of small pictures, one each interval. Sheets have one size, the last too.
struct Images {
  static constexpr std::int64_t kTilesMax = 2'000;
  std::int64_t interval_us = 0;
  std::int64_t tiles = 0;
  int columns = 0, rows = 0;  // Of a sheet.
  int tile_width = 0, tile_height = 0;
  int poster_width = 0, poster_height = 0;

  [[nodiscard]] std::int64_t sheets() const;
};

struct Plan {
  std::int64_t duration_us = 0;
  std::optional<VideoTrack> video;
  std::vector<AudioTrack> audio;  // AAC first.
  std::optional<Images> images;   // With video.
};

// kInvalid, with a sentence for the creator: the file has nothing to play, or is over a bound.
base::Result<Plan> plan_for(const ProbeResult& probe, const Ladder& ladder);

// What the workers are told; docs/worker-protocol.md.
nlohmann::json transcode_spec(const ProbeResult& probe, const VideoTrack& track, std::size_t unit,
                              const std::vector<Rung>& rungs, const Ladder& ladder);
nlohmann::json audio_spec(const ProbeResult& probe, const AudioTrack& track);
nlohmann::json images_spec(const ProbeResult& probe, std::int64_t duration_us,
                           const Images& images);

}  // namespace origin
