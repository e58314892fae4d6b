// What a task leaves behind: its outputs, from its spec alone, and whether bytes are such an output.
// docs/worker-protocol.md, "Kinds".
//
// A worker says nothing of what it has made: when a segment begins, how long it lasts and where its
// I-frames lie is read from its bytes, and must be what the boundary table says.
//
// So are the size of an image and that it is a JPEG file.
//
// Pure. Errors: kInvalid, with the key and what is not as it should be: the worker's mistake; kCorrupt:
// the spec, or what was known of the init segment, is not as we have written it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "origin/tasks/task_kind.h"
#include "package/sample_entry.h"

namespace origin {

struct PlannedOutput {
  enum class Form { kInit, kSegment, kPoster, kSheet };  // The last two are JPEG files.

  std::string key;        // "720p/0/seg/3", "720p/0/init", "images/0/poster", "images/0/sheet/2"
  std::string rendition;  // "720p", "images"
  std::int64_t unit = 0;
  Form form = Form::kSegment;
  bool ends_unit = false;
  package::SampleEntry::Kind kind = package::SampleEntry::Kind::kVideo;
  std::string codec;                     // "avc1", as its codec string begins; of no image.
  int width = 0, height = 0;             // Of video, and of images.
  std::int64_t timescale = 0;            // Ticks a second.
  std::int64_t start = 0, duration = 0;  // Ticks; of a segment.
  std::int64_t gop = 0;                  // Ticks; of video: an I-frame at each.

  [[nodiscard]] std::string init_key() const;  // Of the init segment that a segment goes with.
};

// All, in order; an init segment before those that go with it. Of a kind that leaves none, none.
base::Result<std::vector<PlannedOutput>> planned_outputs(TaskKind kind, std::string_view spec);

// What is to be known of an init segment, as JSON: {"codec", "track", "defaults": [duration, size,
// flags]}.
base::Result<std::string> describe_init(const PlannedOutput& planned, std::string_view bytes);

// Of an image: {"width", "height"}; at most kImageBytesMax.
base::Result<std::string> describe_image(const PlannedOutput& planned, std::string_view bytes);
inline constexpr std::size_t kImageBytesMax = 8u << 20;

// Of a segment: {"start", "duration", "timescale", "i_frames": [[offset, length, start]]}; bytes, and
// ticks from the segment's start. `init`: what describe_init() said.
base::Result<std::string> describe_segment(const PlannedOutput& planned, std::string_view init,
                                           std::string_view bytes);

}  // namespace origin
