#include "package/sample_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "package/byte_reader.h"

namespace package {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::array<std::string_view, 8> kVideo = {"avc1", "avc3", "hvc1", "hev1",
                                                    "av01", "vp09", "vp08", "mp4v"};
constexpr std::array<std::string_view, 5> kAudio = {"mp4a", "Opus", "fLaC", "ac-3", "ec-3"};

}  // namespace

base::Result<SampleEntry> read_sample_entry(std::string_view stsd) {
  ByteReader head(stsd);
  head.skip(4);  // Version and flags.
  const std::uint32_t count = head.u32();
  if (!head.ok() || count != 1) {
    return fail(ErrorCode::kCorrupt, "the track has not one sample entry");
  }
  const auto entries = read_boxes(head.rest());
  if (!entries) return std::unexpected(entries.error());
  if (entries->empty()) return fail(ErrorCode::kCorrupt, "the track has no sample entry");
  const Box& box = entries->front();

  SampleEntry entry{.type = box.type};
  ByteReader reader(box.payload);
  reader.skip(6 + 2);  // Reserved, data reference.
  if (std::ranges::find(kVideo, box.type) != kVideo.end()) {
    reader.skip(16);
    entry.width = reader.u16();
    entry.height = reader.u16();
    reader.skip(4 + 4 + 4 + 2 + 32 + 2 + 2);  // Resolutions, frames a sample, name, depth.
  } else if (std::ranges::find(kAudio, box.type) != kAudio.end()) {
    entry.kind = SampleEntry::Kind::kAudio;
    if (reader.u16() != 0) {
      return fail(ErrorCode::kUnsupported, "the sound is described as QuickTime does");
    }
    reader.skip(6);
    entry.channels = reader.u16();
    reader.skip(6);
    entry.sample_rate = static_cast<int>(reader.u32() >> 16);
  } else {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' is a codec that we don't package", printable_type(box.type)));
  }
  if (!reader.ok()) return fail(ErrorCode::kCorrupt, "the sample entry is cut off");
  auto boxes = read_boxes(reader.rest());
  if (!boxes) return std::unexpected(boxes.error());
  entry.boxes = std::move(*boxes);
  return entry;
}

}  // namespace package
