// An init segment and a media segment, as bytes that may be anything: two bytes of length, the init
// segment, the media segment. Whatever is said of them lies within them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "package/boxes.h"
#include "package/init_segment.h"
#include "package/media_segment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) return 0;
  const std::size_t init_size = std::min<std::size_t>(input.size() - 2, data[0] << 8 | data[1]);
  const std::string_view init_bytes = input.substr(2, init_size);
  const std::string_view media = input.substr(2 + init_size);

  if (const auto boxes = package::read_boxes(init_bytes)) {
    std::uint64_t end = 0;
    for (const package::Box& box : *boxes) {
      CHECK(box.offset == end && box.size >= 8 && box.payload.size() <= box.size - 8);
      end += box.size;
    }
    CHECK(end == init_bytes.size());
  }
  package::InitSegment init{.track_id = 1, .timescale = 1'000};
  if (const auto read = package::read_init_segment(init_bytes)) {
    CHECK(read->timescale > 0 && !read->codec.empty());
    CHECK(std::ranges::all_of(read->codec, [](char c) { return c > ' ' && c <= 'z' && c != '"'; }));
    init = *read;
  }
  if (const auto segment = package::read_media_segment(media, init)) {
    CHECK(!segment->sample_sizes.empty() && segment->sample_sizes.size() <= package::kSamplesMax);
    std::int64_t last = -1;
    for (const package::IFrame& frame : segment->i_frames) {
      CHECK(frame.length > 0 && frame.offset <= media.size() &&
            frame.length <= media.size() - frame.offset);
      CHECK(frame.start >= last && frame.start <= segment->duration);
      last = frame.start;
    }
  }
  return 0;
}
