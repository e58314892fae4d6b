// The storyboard as a WebVTT track: for each interval, which part of which image shows it
// ("sheet.jpg#xywh=160,90,160,90", Media Fragments). Players' pages read it for seek previews.
#pragma once

#include <string>

#include "package/presentation.h"

namespace package {

// One cue for each interval of the presentation that the sheets have a tile for.
std::string storyboard_track(const Storyboard& board, std::int64_t duration_us);

}  // namespace package
