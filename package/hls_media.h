// HLS media playlists for video on demand in fMP4. RFC 8216 §4.3.3.
//
// Sums of EXTINF never drift: each is the difference of two rounded times, not a rounded duration.
#pragma once

#include <string>

#include "package/presentation.h"

namespace package {

std::string hls_media(const Track& track);
// The same segments, a byte range of each I-frame (§4.3.3.6). CHECK: has_i_frames(track).
std::string hls_i_frames(const VideoTrack& track);
// One WebVTT file over the whole presentation.
std::string hls_captions(const Captions& captions, std::int64_t duration_us);

}  // namespace package
