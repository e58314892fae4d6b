// DASH-IF's timing rules and what ISO/IEC 23009-1 demands of an MPD for video on demand, judged on
// the written text. With them what players showed to need beyond the letter: one S for each segment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace package {

// One sentence for each broken rule.
std::vector<std::string> broken_dash_rules(std::string_view mpd);

}  // namespace package
