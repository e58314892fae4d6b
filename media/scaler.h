// Scaler: pictures to another size and form: 4:2:0, 8 bits, for video or for stills.
//
// Threads    One at a time.
#pragma once

#include "base/result.h"
#include "media/av.h"

namespace media {

class Scaler {
 public:
  // Limited range; what the colours mean stays as it is.
  static Scaler for_video(int width, int height);
  // JFIF's: full range, BT.601. `matrix`: of ISO/IEC 23091-2, what the pictures' colours mean when they
  // are not RGB.
  static Scaler for_stills(int width, int height, int matrix);

  // The picture itself where there is nothing to do. Valid for as long as its reference.
  base::Result<FramePtr> scale(const AVFrame& picture);

 private:
  struct Form {
    int width = 0, height = 0;
    AVPixelFormat format = AV_PIX_FMT_YUV420P;
    AVColorRange range = AVCOL_RANGE_MPEG;
    int matrix_before = 0, matrix = 0;
  };
  explicit Scaler(const Form& form) : form_(form) {}
  base::Result<void> prepare(const AVFrame& picture, AVColorRange range);

  Form form_;
  ScalerPtr context_;
  // What the context was made for: a file may change its mind midway.
  int from_width_ = 0, from_height_ = 0, from_format_ = -1, from_range_ = -1;
};

}  // namespace media
