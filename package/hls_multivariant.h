// The HLS multivariant playlist: which renditions there are. RFC 8216 §4.3.4 and its revision;
// Apple's authoring rules for what is required of each (tests/package/hls_rules.h holds it to them).
//
// One EXT-X-STREAM-INF for each video track and each group of sound, in the caller's order; its
// BANDWIDTH is the sum of the peaks of the video, the largest track of the group and the largest
// captions. Without video, one for each group of sound.
#pragma once

#include <string>

#include "package/presentation.h"

namespace package {

std::string hls_multivariant(const Presentation& presentation);

}  // namespace package
