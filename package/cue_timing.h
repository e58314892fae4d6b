// The line that gives a cue its times: "00:00:01,500 --> 00:00:04,000" of SubRip, and WebVTT's,
// which may leave out the hours and has settings behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "package/cue.h"

namespace package {

// Whether a line is meant to be one.
bool is_timing(std::string_view line);

struct CueTiming {
  std::chrono::milliseconds start{0}, end{0};
  std::string settings;
};

// None: a time is malformed or past 99:59:59.999. Settings that WebVTT does not know, SubRip's
// coordinates included, are left out.
std::optional<CueTiming> read_timing(std::string_view line);

}  // namespace package
