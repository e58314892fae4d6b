// Presentation: what the manifests of a video are written from. Names are URIs relative to the
// manifest that they stand in, made by the caller of characters that need no escaping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace package {

struct IFrame {
  std::uint64_t offset = 0,
                length = 0;  // In the segment: from its chunk's moof to the picture's end.
  std::int64_t start = 0;    // In 1 / timescale, from the segment's start.
};

struct Segment {
  std::string name;
  std::int64_t duration = 0;  // In 1 / timescale.
  std::uint64_t bytes = 0;
  std::vector<IFrame> i_frames;  // Of video.
};

struct Track {
  std::string id;     // "720p", "audio": a directory beside the manifests.
  std::string codec;  // RFC 6381: "avc1.64001f".
  std::int64_t timescale = 1;
  std::string init;  // Name.
  std::vector<Segment> segments;
};

struct VideoTrack : Track {
  int width = 0, height = 0;
  std::int64_t rate_num = 30, rate_den = 1;
};

struct AudioTrack : Track {
  int sample_rate = 48'000, channels = 2;
};

struct Captions {
  std::string language;  // BCP 47.
  std::string label;
  std::string name;  // The WebVTT file.
};

struct Storyboard {
  std::vector<std::string> sheets;  // Names of images.
  int tile_width = 0, tile_height = 0, columns = 0, rows = 0;
  std::int64_t interval_us = 0;
};

struct Presentation {
  std::vector<VideoTrack> video;  // Low to high; empty: sound alone.
  std::vector<AudioTrack> audio;
  std::vector<Captions> captions;
  std::vector<Storyboard> storyboards;  // None or one.
  std::int64_t duration_us = 0;
};

// Bits a second: the most of any segment (RFC 8216 §4.3.4.2 for segments of nearly the target
// duration), and all bits by all time.
struct BitRates {
  std::int64_t peak = 0, average = 0;
};
BitRates bit_rates(const Track& track);
std::int64_t duration_us(const Track& track);

}  // namespace package
