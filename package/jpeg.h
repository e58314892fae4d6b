// What a JPEG file says of itself, from bytes that may be anything: its size, and that it is whole.
// ITU-T T.81, Annex B. No pixel is decoded.
#pragma once

#include <string_view>

#include "base/result.h"

namespace package {

struct JpegHead {
  int width = 0, height = 0;
};

// Taken: one picture of 8 bits, grey or in three components, baseline, extended or progressive, by
// Huffman's code, with a scan, from the first byte to an end-of-image marker at the last. kInvalid
// says what it is instead.
base::Result<JpegHead> read_jpeg_head(std::string_view bytes);

}  // namespace package
