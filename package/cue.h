// Cue: a caption with its time, its text already safe to write into a WebVTT file.
#pragma once

#include <chrono>
#include <string>

namespace package {

struct Cue {
  std::chrono::milliseconds start{0}, end{0};
  std::string settings;  // Of WebVTT: "align:start line:0"; only settings that WebVTT knows.
  std::string text;      // As cue_text.h leaves it.

  bool operator==(const Cue&) const = default;
};

}  // namespace package
