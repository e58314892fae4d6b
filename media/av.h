// libav's objects with owners, and its errors as ours. Private to media/.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/result.h"

namespace media {

template <auto release>
struct ReleaseByAddress {
  template <class T>
  void operator()(T* object) const {
    release(&object);
  }
};
template <auto release>
struct ReleaseByValue {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};

using FramePtr = std::unique_ptr<AVFrame, ReleaseByAddress<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, ReleaseByAddress<av_packet_free>>;
using CodecPtr = std::unique_ptr<AVCodecContext, ReleaseByAddress<avcodec_free_context>>;
using GraphPtr = std::unique_ptr<AVFilterGraph, ReleaseByAddress<avfilter_graph_free>>;
using ScalerPtr = std::unique_ptr<SwsContext, ReleaseByValue<sws_freeContext>>;

inline FramePtr make_frame() {
  FramePtr frame(av_frame_alloc());
  CHECK(frame != nullptr);
  return frame;
}
inline PacketPtr make_packet() {
  PacketPtr packet(av_packet_alloc());
  CHECK(packet != nullptr);
  return packet;
}
// With room for it. kTooLarge: no memory.
base::Result<FramePtr> make_picture(int width, int height, AVPixelFormat format,
                                    AVColorRange range);
// Another reference to the same picture or sound.
inline FramePtr share(const AVFrame& frame) {
  FramePtr copy(av_frame_clone(&frame));
  CHECK(copy != nullptr);
  return copy;
}

// What libav's error comes to, in a sentence for the creator that begins with `what`: "its sound can't be
// converted, as this form of it is not supported". libav's own words go to the log. kTooLarge, kIo,
// kUnsupported or kCorrupt as fits.
std::unexpected<base::Error> av_fail(std::string_view what, int error);

// Microseconds, from a stream's time base.
inline std::int64_t to_us(std::int64_t time, AVRational base) {
  return av_rescale_q(time, base, AVRational{1, 1'000'000});
}

}  // namespace media
