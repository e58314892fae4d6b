// PictureReader: the pictures of a unit, decoded once, upright, progressive, 8-bit 4:2:0 SDR, and put
// on the output grid: exactly one for each frame number from `first` on.
//
//   seek to the keyframe at or before → decode → drop what is too early → deinterlace, tone-map, turn
//   → the picture for frame n is the last that begins no later than half a frame after n's time
//
// So pictures of a variable rate are repeated or left out, those of a constant one pass one to one.
// Frames before the first picture show the first; frames after the last show the last: a file that
// was cut short is as long as its sound says.
//
// Threads    One at a time. The decoder may use threads of its own.
// Errors     kCorrupt with a sentence for the creator, when not one picture can be decoded; kIo.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "media/av.h"
#include "media/byte_source.h"
#include "media/filter.h"
#include "media/input.h"
#include "media/picture_times.h"

namespace media {

struct PictureRange {
  std::int64_t first = 0, count = 0;  // Frame numbers on the grid.
  AVRational rate{30, 1};
};

class PictureReader {
 public:
  // `video`: as the probe described it.
  static base::Result<std::unique_ptr<PictureReader>> open(ByteSource& source,
                                                           std::string_view demuxer,
                                                           const nlohmann::json& video,
                                                           const PictureRange& range, int threads);
  PictureReader(const PictureReader&) = delete;
  PictureReader& operator=(const PictureReader&) = delete;

  // The next frame's picture; null: that were all. Shared with later ones: not to be written to.
  base::Result<const AVFrame*> next();
  // Of the picture given last, in the presentation.
  [[nodiscard]] std::int64_t position_us() const;

 private:
  PictureReader(const PictureRange& range, const nlohmann::json& video);
  // The next decoded and normalised picture; null at the end.
  base::Result<FramePtr> decode();
  base::Result<FramePtr> decode_raw();
  base::Result<void> seek_to_start();
  [[nodiscard]] double time_of(const AVFrame& frame) const;  // Seconds in the presentation.

  const PictureRange range_;
  const std::int64_t start_us_;
  const bool timed_by_decoding_;
  std::string chain_;  // Of filters that this file needs; empty: none.

  std::unique_ptr<Input> input_;
  AVStream* stream_ = nullptr;
  CodecPtr decoder_;
  PacketPtr packet_ = make_packet();
  bool draining_ = false;
  PictureTimes times_;  // Where packets say only when they are decoded.
  std::optional<Filter> filter_;
  bool filter_drained_ = false;

  std::int64_t given_ = 0;
  FramePtr current_;  // What the next frame shows, unless `coming_` has begun by then.
  FramePtr coming_;
  bool ended_ = false;
};

}  // namespace media
