// HLS playlists for video on demand in fMP4. RFC 8216 and its revision; Apple's authoring rules.
//
//   master.m3u8              multivariant: each rung with the sound, and its I-frames
//   720p/video.m3u8          media playlist of a track
//   720p/iframes.m3u8        the same segments, I-frames only, by byte range
//   captions/en.m3u8         one WebVTT file
#pragma once

#include <string>

#include "package/presentation.h"

namespace package {

std::string hls_multivariant(const Presentation& presentation);
std::string hls_media(const Track& track);
std::string hls_i_frames(const VideoTrack& track);
std::string hls_captions(const Captions& captions, std::int64_t duration_us);

}  // namespace package
