#include "package/hls_media.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "package/bit_rate.h"
#include "package/text.h"

namespace package {
namespace {

// 6: EXT-X-MAP in a playlist that is not of I-frames alone; everything else here needs less.
constexpr int kVersion = 6;

std::string head(std::int64_t target_duration) {
  return fmt::format(
      "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PLAYLIST-TYPE:VOD\n",
      kVersion, target_duration);
}

// Writes EXTINF for what follows what it wrote before.
class Clock {
 public:
  explicit Clock(std::int64_t timescale) : timescale_(timescale) {}

  void write_next(std::string& text, std::int64_t duration) {
    const std::int64_t start = microseconds(ticks_, timescale_);
    ticks_ += duration;
    const std::int64_t us = microseconds(ticks_, timescale_) - start;
    fmt::format_to(std::back_inserter(text), "#EXTINF:{}.{:06},\n", us / 1'000'000, us % 1'000'000);
  }

 private:
  const std::int64_t timescale_;
  std::int64_t ticks_ = 0;
};

}  // namespace

std::string hls_media(const Track& track) {
  std::string text = head(target_duration(pieces_of(track), track.timescale));
  text += "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"" + uri(track.init) + "\"\n";
  Clock clock(track.timescale);
  for (const Segment& segment : track.segments) {
    clock.write_next(text, segment.duration);
    text += uri(segment.name) + '\n';
  }
  return text + "#EXT-X-ENDLIST\n";
}

std::string hls_i_frames(const VideoTrack& track) {
  CHECK(has_i_frames(track));
  const std::vector<Piece> pieces = i_frame_pieces_of(track);
  std::string text = head(target_duration(pieces, track.timescale));
  text += "#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"" + uri(track.init) + "\"\n";
  Clock clock(track.timescale);
  auto piece = pieces.begin();
  for (const Segment& segment : track.segments) {
    for (const IFrame& frame : segment.i_frames) {
      clock.write_next(text, piece->duration);
      ++piece;
      fmt::format_to(std::back_inserter(text), "#EXT-X-BYTERANGE:{}@{}\n{}\n", frame.length,
                     frame.offset, uri(segment.name));
    }
  }
  return text + "#EXT-X-ENDLIST\n";
}

std::string hls_captions(const Captions& captions, std::int64_t duration_us) {
  const std::vector<Piece> whole{{std::max<std::int64_t>(1, duration_us), captions.bytes}};
  std::string text = head(target_duration(whole, 1'000'000));
  Clock(1'000'000).write_next(text, whole.front().duration);
  return text + uri(captions.name) + "\n#EXT-X-ENDLIST\n";
}

}  // namespace package
