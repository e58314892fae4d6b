#include "package/init_segment.h"

#include <algorithm>

#include "package/boxes.h"
#include "package/byte_reader.h"
#include "package/codec_string.h"

namespace package {
namespace {

using base::ErrorCode;
using base::fail;

bool read_track_header(std::string_view tkhd, InitSegment& init) {
  ByteReader reader(tkhd);
  const bool is_long = reader.u8() == 1;
  reader.skip(3 + (is_long ? 16 : 8));  // Flags, times.
  init.track_id = reader.u32();
  reader.skip(4 + (is_long ? 8 : 4) + 8 + 8 + 36);  // Duration, layer, volume, matrix, …
  // 16.16 fixed point.
  init.width = static_cast<int>((reader.u32() + 0x8000) >> 16);
  init.height = static_cast<int>((reader.u32() + 0x8000) >> 16);
  return reader.ok() && init.track_id != 0;
}

bool read_media_header(std::string_view mdhd, InitSegment& init) {
  ByteReader reader(mdhd);
  reader.skip(reader.u8() == 1 ? 3 + 16 : 3 + 8);  // Flags, times.
  init.timescale = reader.u32();
  return reader.ok() && init.timescale > 0;
}

bool read_track_extends(std::string_view trex, InitSegment& init) {
  ByteReader reader(trex);
  reader.skip(4);
  const bool is_ours = reader.u32() == init.track_id;
  reader.skip(4);  // Sample description.
  init.defaults = {.duration = reader.u32(), .size = reader.u32(), .flags = reader.u32()};
  return reader.ok() && is_ours;
}

}  // namespace

base::Result<InitSegment> read_init_segment(std::string_view bytes) {
  const auto moov = box_at(bytes, {"moov"});
  if (!moov) return std::unexpected(moov.error());
  const auto boxes = read_boxes(*moov);
  if (!boxes) return std::unexpected(boxes.error());
  const Box* track = find_box(*boxes, "trak");
  if (track == nullptr) return fail(ErrorCode::kCorrupt, "the init segment has no track");
  if (std::ranges::count(*boxes, "trak", &Box::type) != 1) {
    return fail(ErrorCode::kUnsupported, "the init segment has several tracks");
  }
  const auto tkhd = box_at(track->payload, {"tkhd"});
  if (!tkhd) return std::unexpected(tkhd.error());
  const auto mdhd = box_at(track->payload, {"mdia", "mdhd"});
  if (!mdhd) return std::unexpected(mdhd.error());
  const auto stsd = box_at(track->payload, {"mdia", "minf", "stbl", "stsd"});
  if (!stsd) return std::unexpected(stsd.error());
  const auto trex = box_at(*moov, {"mvex", "trex"});
  if (!trex) return std::unexpected(trex.error());

  InitSegment init;
  if (!read_track_header(*tkhd, init) || !read_media_header(*mdhd, init) ||
      !read_track_extends(*trex, init)) {
    return fail(ErrorCode::kCorrupt, "a header of the track is cut off, or not of this track");
  }
  const auto entry = read_sample_entry(*stsd);
  if (!entry) return std::unexpected(entry.error());
  auto codec = codec_string(*entry);
  if (!codec) return std::unexpected(codec.error());
  init.kind = entry->kind;
  init.codec = std::move(*codec);
  init.channels = entry->channels;
  init.sample_rate = entry->sample_rate;
  return init;
}

}  // namespace package
