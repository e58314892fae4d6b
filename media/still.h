// Stills: pictures as JPEG files, in the form that Scaler::for_stills() gives them.
//
// Threads    One at a time.
#pragma once

#include <string>

#include "base/result.h"
#include "media/av.h"

namespace media {

base::Result<FramePtr> black_still(int width, int height);

// `coarseness`: 2 (large and good) to 31, as libav's -q:v.
base::Result<std::string> encode_jpeg(const AVFrame& still, int coarseness);

}  // namespace media
