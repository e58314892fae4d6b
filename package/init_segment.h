// An init segment (CMAF header): one track, and what its media segments leave unsaid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "package/sample_entry.h"

namespace package {

// Of 'trex': what holds for samples of which a fragment says nothing.
struct SampleDefaults {
  std::uint32_t duration = 0;
  std::uint32_t size = 0;
  std::uint32_t flags = 0;
};

struct InitSegment {
  SampleEntry::Kind kind = SampleEntry::Kind::kVideo;
  std::string codec;  // codec_string.h
  std::uint32_t track_id = 0;
  std::int64_t timescale = 0;
  int width = 0, height = 0;  // Of video, as shown ('tkhd').
  int channels = 0, sample_rate = 0;
  SampleDefaults defaults;
};

// kCorrupt: a box is missing or cut off; kUnsupported: several tracks, or a codec that we don't know.
base::Result<InitSegment> read_init_segment(std::string_view bytes);

}  // namespace package
