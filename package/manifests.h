// All manifests of a presentation, by their names in its tree (presentation.h draws it):
//
//   master.m3u8              HLS, multivariant
//   <video id>/video.m3u8    and iframes.m3u8, if there are I-frames
//   <audio id>/audio.m3u8
//   captions/<id>.m3u8
//   manifest.mpd             DASH
//   storyboard.vtt           of the first storyboard
//
// They are in no special order. Who publishes them stores master.m3u8 and manifest.mpd last, so
// that what they name is there.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "package/presentation.h"

namespace package {

// kInvalid: verify() says why.
base::Result<std::map<std::string, std::string>> manifests(const Presentation& presentation);

}  // namespace package
