// What the pictures of a rung are encoded with, and how: H.264, VP9 or AV1.
//
// Groups of pictures are closed and begin where the caller says, quality is constant under a ceiling.
// All encoders of a rung, whatever the unit, worker or machine, are set up alike, so that their init
// segments are the same byte for byte; the origin holds them against each other.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "media/av.h"
#include "package/picture_codec.h"

namespace media {

using package::PictureCodec;

struct RungSpec {
  std::string name;  // "720p", "720p-vp9"
  PictureCodec codec = PictureCodec::kH264;
  int width = 0, height = 0;
  int rate_max_kbps = 0;
};

struct UnitSpec {
  std::int64_t number = 0;
  std::int64_t first = 0, frames = 0;  // On the output grid.
  std::int64_t gop = 0, segment = 0;   // In frames.
  AVRational rate{30, 1};
  // x264's words and scale; what they are to the other encoders is picture_encoder.cc's.
  std::string preset;
  int crf = 23;
  // What the colours mean: ISO/IEC 23091-2's numbers, the same in every unit.
  int primaries = 1, transfer = 1, matrix = 1;
};

// Open, with global headers. Packets come in the order in which they are decoded; of H.264 that is not
// the order in which they are shown.
base::Result<CodecPtr> open_picture_encoder(const RungSpec& rung, const UnitSpec& unit,
                                            int threads);

}  // namespace media
