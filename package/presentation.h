// Presentation: what the manifests of one video are written from. Plain data; the caller fills it
// from what was made, never from what was asked for.
//
// Layout     All names are relative URIs, and what they name lies in one tree:
//              master.m3u8, manifest.mpd, storyboard.vtt    manifests (manifests.h writes them all)
//              <track id>/<init>, <track id>/<segment>      media of a track, beside its playlists
//              captions/<name>                              WebVTT files, beside their playlists
//              <sheet>                                      images, relative to the top
// Time       Every track starts at 0 and its segments follow each other without a gap: a segment
//            has a duration alone, so that a gap cannot be written down. Durations and starts are
//            in ticks, 1 / timescale seconds.
// Checked    The writers take a presentation that verify() accepts. Texts (title, labels,
//            languages, names) may be any bytes: they are made harmless where they are written.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace package {

// A picture that can be shown by itself: bytes of its segment, from the start of the fragment that
// it opens to its own end.
struct IFrame {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::int64_t start = 0;  // Ticks from the segment's start.
};

struct Segment {
  std::string name;  // Carries the hash of the content.
  std::int64_t duration = 0;
  std::uint64_t bytes = 0;
  std::vector<IFrame> i_frames;  // Of video; the first starts the segment.
};

struct Track {
  std::string id;     // "720p", "audio": unique; letters, digits, '-', '_', '.'.
  std::string codec;  // RFC 6381: "avc1.64001f" (codec_string.h).
  std::int64_t timescale = 1;
  std::string init;
  std::vector<Segment> segments;
};

struct VideoTrack : Track {
  int width = 0, height = 0;                 // As shown.
  std::int64_t rate_num = 30, rate_den = 1;  // Pictures a second.
  std::string sound_group;                   // HLS offers it with this one; empty: with each.
};

struct AudioTrack : Track {
  int sample_rate = 48'000, channels = 2;
  // Tracks of one group are choices of language; groups are choices of quality or codec, and each
  // offers the same languages under the same names.
  std::string group = "audio";
  std::string language;  // BCP 47; empty: not known.
  std::string name = "Default";
  bool is_default = false;  // One of a group; none: its first.
};

struct Captions {
  std::string id;        // As a track's; captions/<id>.m3u8 is the playlist.
  std::string language;  // BCP 47.
  std::string label;     // What the viewer chooses by.
  std::string name;      // The WebVTT file in captions/.
  std::uint64_t bytes = 0;
  bool is_default = false;  // Shown unasked; at most one.
};

// Images of columns × rows pictures, one picture each interval, row by row.
struct Storyboard {
  std::vector<std::string> sheets;
  std::uint64_t bytes = 0;  // Of all sheets.
  int tile_width = 0, tile_height = 0, columns = 0, rows = 0;
  std::int64_t interval_us = 0;
};

struct Presentation {
  std::string title;
  std::vector<VideoTrack> video;  // Players without a better guess start with the first.
  std::vector<AudioTrack> audio;
  std::vector<Captions> captions;
  std::vector<Storyboard> storyboards;
};

// kInvalid names the track and what is wrong with it: there is none, no segments, an empty one,
// video rungs cut at different times, an I-frame outside of its segment, two of one id, numbers
// past the limits, …
base::Result<void> verify(const Presentation& presentation);

// Ticks as microseconds, rounded to the nearest.
std::int64_t microseconds(std::int64_t ticks, std::int64_t timescale);
std::int64_t duration_ticks(const Track& track);
std::int64_t duration_us(const Track& track);
// Of the longest video track; without video, of the longest audio track.
std::int64_t duration_us(const Presentation& presentation);

// Whether there are I-frames to make a playlist of.
bool has_i_frames(const VideoTrack& track);

// Limits of verify(): far above what is made (12 hours of 1-second segments), low enough that no
// sum of ticks or bits overflows.
inline constexpr std::size_t kSegmentsMax = 50'000;
inline constexpr std::size_t kTracksMax = 256;  // Of each kind.
inline constexpr std::int64_t kTimescaleMax = 1'000'000'000;
inline constexpr std::int64_t kSegmentSecondsMax = 3'600;
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{1} << 40;

}  // namespace package
