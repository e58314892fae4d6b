// The DASH MPD for video on demand, over the same segments. ISO/IEC 23009-1; DASH-IF's timing model.
//
// Segments are named by content, which no template can spell, so each is listed (SegmentList) beside
// the SegmentTimeline that says when it is shown. docs/package.md says what that costs, and what
// players need of it.
#pragma once

#include <string>

#include "package/presentation.h"

namespace package {

std::string dash_mpd(const Presentation& presentation);

}  // namespace package
