// The sample entry of an init segment: how its one track is coded (ISO/IEC 14496-12 §8.5.2).
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "package/boxes.h"

namespace package {

struct SampleEntry {
  enum class Kind { kVideo, kAudio };
  Kind kind = Kind::kVideo;
  std::string_view type;              // "avc1", "mp4a", …
  int width = 0, height = 0;          // Of video, as coded.
  int channels = 0, sample_rate = 0;  // Of audio; Opus's rate is always 48,000.
  std::vector<Box> boxes;             // "avcC", "esds", …
};

// `stsd`: payload of that box. The views are into it. kUnsupported: neither video nor audio that we
// know the layout of; kCorrupt: cut off, or not one entry.
base::Result<SampleEntry> read_sample_entry(std::string_view stsd);

}  // namespace package
