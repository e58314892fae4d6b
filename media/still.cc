#include "media/still.h"

#include <algorithm>

namespace media {
namespace {

constexpr AVPixelFormat kStillFormat = AV_PIX_FMT_YUVJ420P;

}  // namespace

base::Result<FramePtr> black_still(int width, int height) {
  auto still = make_picture(width, height, kStillFormat, AVCOL_RANGE_JPEG);
  if (!still) return still;
  for (int plane = 0; plane < 3; ++plane) {
    const int lines = plane == 0 ? height : (height + 1) / 2;
    const int bytes = (*still)->linesize[plane] * lines;
    const std::uint8_t value = plane == 0 ? 0 : 128;
    std::fill_n((*still)->data[plane], bytes, value);
  }
  return still;
}

base::Result<std::string> encode_jpeg(const AVFrame& still, int coarseness) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  CHECK(codec != nullptr);
  const CodecPtr encoder(avcodec_alloc_context3(codec));
  CHECK(encoder != nullptr);
  encoder->width = still.width;
  encoder->height = still.height;
  encoder->pix_fmt = kStillFormat;
  encoder->color_range = AVCOL_RANGE_JPEG;
  encoder->time_base = {1, 1};
  encoder->thread_count = 1;
  // No comment in the file that names the library's version.
  encoder->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
  encoder->global_quality = coarseness * FF_QP2LAMBDA;
  if (const int opened = avcodec_open2(encoder.get(), codec, nullptr); opened < 0) {
    return av_fail("its pictures can't be written as JPEG", opened);
  }
  const FramePtr frame = share(still);
  frame->quality = encoder->global_quality;
  frame->pts = 0;
  const PacketPtr packet = make_packet();
  int done = avcodec_send_frame(encoder.get(), frame.get());
  if (done >= 0) done = avcodec_receive_packet(encoder.get(), packet.get());
  if (done < 0) return av_fail("its pictures can't be written as JPEG", done);
  return std::string(reinterpret_cast<const char*>(packet->data),
                     static_cast<std::size_t>(packet->size));
}

}  // namespace media
