#include "media/scaler.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace media {
namespace {

bool is_full_range(const AVFrame& picture) {
  return picture.color_range == AVCOL_RANGE_JPEG || picture.format == AV_PIX_FMT_YUVJ420P ||
         picture.format == AV_PIX_FMT_YUVJ422P || picture.format == AV_PIX_FMT_YUVJ444P;
}

}  // namespace

base::Result<FramePtr> Scaler::scale(const AVFrame& picture) {
  const bool full = is_full_range(picture);
  if (picture.width == width_ && picture.height == height_ &&
      picture.format == AV_PIX_FMT_YUV420P && !full) {
    return share(picture);
  }
  if (context_ == nullptr || from_width_ != picture.width || from_height_ != picture.height ||
      from_format_ != picture.format || from_range_ != static_cast<int>(full)) {
    context_.reset(sws_getContext(picture.width, picture.height,
                                  static_cast<AVPixelFormat>(picture.format), width_, height_,
                                  AV_PIX_FMT_YUV420P, SWS_BICUBIC, nullptr, nullptr, nullptr));
    if (context_ == nullptr) {
      return base::fail(base::ErrorCode::kUnsupported, "Pictures of this form can't be converted.",
                        base::Blame::kClient);
    }
    const int* same = sws_getCoefficients(SWS_CS_ITU709);
    sws_setColorspaceDetails(context_.get(), same, full ? 1 : 0, same, 0, 0, 1 << 16, 1 << 16);
    from_width_ = picture.width;
    from_height_ = picture.height;
    from_format_ = picture.format;
    from_range_ = static_cast<int>(full);
  }
  FramePtr scaled = make_frame();
  scaled->width = width_;
  scaled->height = height_;
  scaled->format = AV_PIX_FMT_YUV420P;
  if (const int allocated = av_frame_get_buffer(scaled.get(), 0); allocated < 0) {
    return av_fail("no memory for a picture", allocated);
  }
  if (const int done = sws_scale(context_.get(), picture.data, picture.linesize, 0, picture.height,
                                 scaled->data, scaled->linesize);
      done < 0) {
    return av_fail("A picture can't be scaled", done);
  }
  scaled->color_range = AVCOL_RANGE_MPEG;
  return scaled;
}

}  // namespace media
