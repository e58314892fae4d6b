// Stills: pictures as JPEG files: scaled, and in JFIF's colours (BT.601, full range), whatever the
// video's are.
//
// Threads    One at a time.
#pragma once

#include <string>

#include "base/result.h"
#include "media/av.h"

namespace media {

class StillScaler {
 public:
  // `matrix`: of ISO/IEC 23091-2, what the pictures' colours mean when they are not RGB.
  StillScaler(int width, int height, int matrix)
      : width_(width), height_(height), matrix_(matrix) {}

  base::Result<FramePtr> scale(const AVFrame& picture);

 private:
  const int width_, height_, matrix_;
  ScalerPtr context_;
  // What the context was made for: a file may change its mind midway.
  int from_width_ = 0, from_height_ = 0, from_format_ = -1, from_range_ = -1;
};

base::Result<FramePtr> black_still(int width, int height);

// `coarseness`: 2 (large and good) to 31, as libav's -q:v.
base::Result<std::string> encode_jpeg(const AVFrame& still, int coarseness);

}  // namespace media
