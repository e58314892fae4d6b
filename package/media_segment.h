// A media segment as its fragments describe it: when it starts, how long it lasts, where its
// I-frames are. Read back from finished bytes, so that a manifest says what is there and not what
// was meant; nothing of the media itself is looked at.
//
// A fragment is a 'moof' and the 'mdat' behind it. An I-frame can be shown by itself from the start
// of the fragment that it opens to its own end; one further back in its fragment would drag in what
// lies before it and is left out. So: one fragment a GOP.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "package/init_segment.h"
#include "package/presentation.h"

namespace package {

struct MediaSegment {
  std::int64_t decode_time = 0;  // Ticks; of the first sample.
  std::int64_t duration = 0;     // Ticks; of all.
  std::vector<std::uint32_t> sample_sizes;
  std::vector<IFrame> i_frames;
};

// Of all fragments of one segment: 18 minutes at 60 pictures a second.
inline constexpr std::size_t kSamplesMax = 65'536;

// kCorrupt: a box is missing or cut off, samples lie outside of the segment, a fragment does not
// begin where the one before it ended; kUnsupported: several tracks, or offsets that are not from
// the fragment's start; kTooLarge: more than kSamplesMax.
base::Result<MediaSegment> read_media_segment(std::string_view bytes, const InitSegment& init);

}  // namespace package
