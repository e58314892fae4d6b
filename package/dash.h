// DASH MPD for video on demand, from the same segments. ISO/IEC 23009-1; DASH-IF's timing model.
//
// Segments are named by content, which no template can spell, so that each is listed
// (SegmentList) beside the timeline that says when it is shown (SegmentTimeline).
#pragma once

#include <string>

#include "package/presentation.h"

namespace package {

std::string dash_mpd(const Presentation& presentation);

}  // namespace package
