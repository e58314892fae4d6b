// Captions: SubRip (.srt) and WebVTT files as people bring them, read into cues and written anew as
// WebVTT. What is served was written here; no byte of an uploaded file is.
//
// Read with patience where the meaning is plain (byte order mark, any line ends, cues out of order,
// hours left out, '.' for ',', empty lines within a SubRip text, a missing empty line between cues),
// refused where it is not. An error names the line, what is wrong there and what to do.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "package/cue.h"

namespace package {

struct CaptionLimits {
  base::Bytes file_max = base::Bytes(4 << 20);
  std::size_t cues_max = 50'000;
  base::Bytes text_max = base::Bytes(4 << 10);  // Of one cue, as it was written.
};

// In the order of their times; at least one. WebVTT is known by its first line, everything else is
// taken for SubRip. kInvalid, kTooLarge: the client's fault.
base::Result<std::vector<Cue>> read_captions(std::string_view file,
                                             const CaptionLimits& limits = {});

// A WebVTT file.
std::string write_captions(std::span<const Cue> cues);

}  // namespace package
