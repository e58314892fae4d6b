// Scaler: pictures to another size, 4:2:0, 8 bits, limited range; what the colours mean stays as it
// is. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "media/av.h"

namespace media {

class Scaler {
 public:
  Scaler(int width, int height) : width_(width), height_(height) {}

  // The picture itself where there is nothing to do. Valid for as long as its reference.
  base::Result<FramePtr> scale(const AVFrame& picture);

 private:
  const int width_, height_;
  ScalerPtr context_;
  // What the context was made for: a file may change its mind midway.
  int from_width_ = 0, from_height_ = 0, from_format_ = -1, from_range_ = -1;
};

}  // namespace media
