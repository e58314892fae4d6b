// PictureSampler: single pictures from all over a file, without decoding what lies between.
//
//   a keyframe within the window            is the picture: one is decoded
//   none, and the one before is near        decode on from there; pictures that no other needs are
//                                           left out
//   none, and it is far                     the keyframe before, though it is too early
//
// What is near shrinks with what is left of kPicturesMax, so that no file, however long, costs many
// more pictures than that; one whose keyframes are no further apart than the windows costs one a
// window. Windows are asked for in order: one that lies in the group of pictures that was being
// decoded goes on there.
//
// Threads    One at a time.
// Errors     kInvalid: no such stream; kIo. Damage is no error: another picture, or none.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "media/av.h"
#include "media/byte_source.h"
#include "media/input.h"
#include "media/picture_times.h"

namespace media {

class PictureSampler {
 public:
  struct Window {
    std::int64_t from_us = 0, to_us = 0;  // Of the presentation; without its end.
  };

  // `video`: as the probe described it. Pictures of HDR, which is dear to map, are scaled down before
  // it to `width_max`, as they are coded.
  static base::Result<std::unique_ptr<PictureSampler>> open(ByteSource& source,
                                                            std::string_view demuxer,
                                                            const nlohmann::json& video,
                                                            int width_max);
  PictureSampler(const PictureSampler&) = delete;
  PictureSampler& operator=(const PictureSampler&) = delete;

  // A picture of the window, or one near it, normalised (normalisation.h). Null: none that is nearer
  // than what was given for the window before.
  base::Result<FramePtr> sample(const Window& window);

  static constexpr std::int64_t kPicturesMax = 30'000;

 private:
  explicit PictureSampler(const nlohmann::json& video);

  base::Result<FramePtr> find(const Window& window);
  // Before the keyframe at or before the time, wherever the demuxer thinks that it is; its time, or
  // kNowhere.
  static constexpr std::int64_t kNowhere = INT64_MAX;
  base::Result<std::int64_t> go_to(std::int64_t time_us);
  base::Result<std::int64_t> read_to_keyframe();
  base::Result<std::int64_t> go_before(std::int64_t time_us);
  // Whether the window lies in the group of pictures that is being decoded: by an index, where there
  // is one of keyframes; else a seek shows it, and the decoder, which knows nothing of it, goes on.
  [[nodiscard]] bool goes_on_to(const Window& window) const;
  base::Result<void> skip_what_was_sent();
  [[nodiscard]] std::int64_t time_of_group() const;  // That the packet opens.
  base::Result<FramePtr> decode_alone();
  base::Result<FramePtr> decode_on(const Window& window);
  base::Result<bool> read_packet();  // False: the end.
  void send_packet();
  int receive(AVFrame& picture);  // As libav says it.
  void flush();
  base::Result<FramePtr> normalise(FramePtr picture);

  // Whether to decode from the one time to the other.
  [[nodiscard]] bool is_near(std::int64_t from_us, std::int64_t to_us) const;

  [[nodiscard]] std::int64_t stream_time(std::int64_t time_us) const;
  [[nodiscard]] std::int64_t time_us(std::int64_t stream_time) const;

  const std::int64_t start_us_;
  const bool interlaced_;
  const bool timed_by_decoding_;
  const double rate_;
  std::string chain_;

  std::unique_ptr<Input> input_;
  AVStream* stream_ = nullptr;
  CodecPtr decoder_;
  PictureTimes times_;  // Of a stream that is timed by decoding.
  PacketPtr packet_ = make_packet();
  bool has_packet_ = false;         // One that was read and not sent.
  bool goes_on_ = false;            // The decoder has all that came since a keyframe, ...
  std::int64_t group_ = INT64_MIN;  // ... of this time, in the stream's; kept when that ends.
  std::int64_t sent_ = INT64_MIN;   // Of the packet sent last, when it is decoded.
  std::int64_t shown_us_ = INT64_MIN / 2;  // Of the picture decoded last.
  std::int64_t pictures_left_ = kPicturesMax;
};

}  // namespace media
