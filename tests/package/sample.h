// A presentation as a platform makes one: three rungs, sound in two languages, captions, a
// storyboard; ten seconds in segments of four, I-frames each two. Numbers are small and by hand.
#pragma once

#include <fmt/format.h>

#include <string>

#include "package/presentation.h"

namespace package {

inline VideoTrack sample_video(const std::string& id, int width, int height, std::uint64_t bytes) {
  VideoTrack track;
  track.id = id;
  track.codec = "avc1.64001f";
  track.timescale = 12'800;
  track.init = "init-" + id + ".mp4";
  track.width = width;
  track.height = height;
  track.rate_num = 25;
  for (int i = 0; i < 3; ++i) {
    Segment segment{.name = fmt::format("{}-{}.m4s", i, id),
                    .duration = (i < 2 ? 4 : 2) * track.timescale,
                    .bytes = bytes / (i < 2 ? 1 : 2)};
    for (std::int64_t start = 0; start < segment.duration; start += 2 * track.timescale) {
      const bool is_second = start > 0;
      segment.i_frames.push_back({.offset = is_second ? segment.bytes / 2 : 24,
                                  .length = segment.bytes / 8,
                                  .start = start});
    }
    track.segments.push_back(std::move(segment));
  }
  return track;
}

inline AudioTrack sample_audio(const std::string& id, const std::string& language,
                               const std::string& name) {
  AudioTrack track;
  track.id = id;
  track.codec = "mp4a.40.2";
  track.timescale = 48'000;
  track.init = "init-" + id + ".mp4";
  track.language = language;
  track.name = name;
  // Whole frames of 1,024 samples: segments of 188, 187 and 94 of them.
  for (int i = 0; i < 3; ++i) {
    const std::int64_t frames = i == 0 ? 188 : i == 1 ? 187 : 94;
    track.segments.push_back({.name = fmt::format("{}-{}.m4s", i, id),
                              .duration = frames * 1'024,
                              .bytes = static_cast<std::uint64_t>(frames) * 341});
  }
  return track;
}

inline Presentation sample() {
  Presentation all;
  all.title = "Rivers & \"mills\"";
  all.video = {sample_video("720p", 1280, 720, 1'500'000), sample_video("360p", 640, 360, 365'000),
               sample_video("234p", 416, 234, 72'500)};
  all.audio = {sample_audio("audio-en", "en", "English"),
               sample_audio("audio-de", "de", "Deutsch")};
  all.captions = {{.id = "en",
                   .language = "en",
                   .label = "English",
                   .name = "en-0f.vtt",
                   .bytes = 900,
                   .is_default = true},
                  {.id = "pt-BR",
                   .language = "pt-BR",
                   .label = "Português",
                   .name = "pt-1e.vtt",
                   .bytes = 1'100}};
  all.storyboards = {{.sheets = {"storyboard/a.jpg", "storyboard/b.jpg"},
                      .bytes = 40'000,
                      .tile_width = 160,
                      .tile_height = 90,
                      .columns = 2,
                      .rows = 2,
                      .interval_us = 2'000'000}};
  return all;
}

}  // namespace package
