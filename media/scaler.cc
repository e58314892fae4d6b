#include "media/scaler.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace media {
namespace {

AVColorRange range_of(const AVFrame& picture) {
  const bool is_full =
      picture.color_range == AVCOL_RANGE_JPEG || picture.format == AV_PIX_FMT_YUVJ420P ||
      picture.format == AV_PIX_FMT_YUVJ422P || picture.format == AV_PIX_FMT_YUVJ444P;
  return is_full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
}

}  // namespace

Scaler Scaler::for_video(int width, int height) {
  return Scaler(
      {.width = width, .height = height, .matrix_before = SWS_CS_ITU709, .matrix = SWS_CS_ITU709});
}

Scaler Scaler::for_stills(int width, int height, int matrix) {
  return Scaler({.width = width,
                 .height = height,
                 .format = AV_PIX_FMT_YUVJ420P,
                 .range = AVCOL_RANGE_JPEG,
                 .matrix_before = matrix,
                 .matrix = SWS_CS_ITU601});
}

base::Result<void> Scaler::prepare(const AVFrame& picture, AVColorRange range) {
  const bool is_ready = context_ != nullptr && from_width_ == picture.width &&
                        from_height_ == picture.height && from_format_ == picture.format &&
                        from_range_ == range;
  if (is_ready) return {};
  context_.reset(sws_getContext(
      picture.width, picture.height, static_cast<AVPixelFormat>(picture.format), form_.width,
      form_.height, form_.format, SWS_BICUBIC, nullptr, nullptr, nullptr));
  if (context_ == nullptr) {
    return base::fail(base::ErrorCode::kUnsupported, "Pictures of this form can't be converted.",
                      base::Blame::kClient);
  }
  sws_setColorspaceDetails(context_.get(), sws_getCoefficients(form_.matrix_before),
                           range == AVCOL_RANGE_JPEG ? 1 : 0, sws_getCoefficients(form_.matrix),
                           form_.range == AVCOL_RANGE_JPEG ? 1 : 0, 0, 1 << 16, 1 << 16);
  from_width_ = picture.width;
  from_height_ = picture.height;
  from_format_ = picture.format;
  from_range_ = range;
  return {};
}

base::Result<FramePtr> Scaler::scale(const AVFrame& picture) {
  const AVColorRange range = range_of(picture);
  if (picture.width == form_.width && picture.height == form_.height &&
      picture.format == form_.format && range == form_.range &&
      form_.matrix_before == form_.matrix) {
    return share(picture);
  }
  if (auto ready = prepare(picture, range); !ready) return std::unexpected(ready.error());
  auto scaled = make_picture(form_.width, form_.height, form_.format, form_.range);
  if (!scaled) return scaled;
  if (const int done = sws_scale(context_.get(), picture.data, picture.linesize, 0, picture.height,
                                 (*scaled)->data, (*scaled)->linesize);
      done < 0) {
    return av_fail("its pictures can't be scaled", done);
  }
  return scaled;
}

}  // namespace media
