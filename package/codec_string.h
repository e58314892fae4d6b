// Codec strings from what the decoder will be given, never from what was asked of the encoder: the
// configuration boxes of an init segment. RFC 6381; ISO/IEC 14496-15; bounded: any bytes may come.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace package {

// "avc1.64001f", "vp09…", "av01…", "mp4a.40.2", "opus". kCorrupt: there is none that we know.
base::Result<std::string> codec_string(std::string_view init_segment);

}  // namespace package
