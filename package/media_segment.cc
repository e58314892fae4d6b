#include "package/media_segment.h"

#include <fmt/format.h>

#include <algorithm>

#include "package/boxes.h"
#include "package/byte_reader.h"

namespace package {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// ISO/IEC 14496-12 §8.8.7, §8.8.8.
constexpr std::uint32_t kHeaderHasBaseOffset = 0x1;
constexpr std::uint32_t kHeaderHasDescription = 0x2;
constexpr std::uint32_t kHeaderHasDuration = 0x8;
constexpr std::uint32_t kHeaderHasSize = 0x10;
constexpr std::uint32_t kHeaderHasFlags = 0x20;
constexpr std::uint32_t kRunHasDataOffset = 0x1;
constexpr std::uint32_t kRunHasFirstFlags = 0x4;
constexpr std::uint32_t kRunHasDuration = 0x100;
constexpr std::uint32_t kRunHasSize = 0x200;
constexpr std::uint32_t kRunHasFlags = 0x400;
constexpr std::uint32_t kRunHasComposition = 0x800;
constexpr std::uint32_t kSampleIsNoSync = 0x10000;

// No time that adds up to more is taken: far past any video, and sums stay within 64 bits.
constexpr std::int64_t kTicksMax = std::int64_t{1} << 60;

class Reader {
 public:
  Reader(std::string_view bytes, const InitSegment& init) : bytes_(bytes), init_(init) {}

  Result<MediaSegment> read() {
    const auto boxes = read_boxes(bytes_);
    if (!boxes) return std::unexpected(boxes.error());
    bool is_first = true;
    for (const Box& box : *boxes) {
      if (box.type != "moof") continue;
      if (auto read = read_fragment(box, is_first); !read) return std::unexpected(read.error());
      is_first = false;
    }
    if (segment_.sample_sizes.empty()) {
      return fail(ErrorCode::kCorrupt, "the segment has no samples");
    }
    return std::move(segment_);
  }

 private:
  Result<void> read_fragment(const Box& moof, bool is_first) {
    const auto boxes = read_boxes(moof.payload);
    if (!boxes) return std::unexpected(boxes.error());
    if (std::ranges::count(*boxes, "traf", &Box::type) != 1) {
      return fail(ErrorCode::kUnsupported, "a fragment is not of one track");
    }
    const auto track = read_boxes(find_box(*boxes, "traf")->payload);
    if (!track) return std::unexpected(track.error());
    const Box* header = find_box(*track, "tfhd");
    const Box* time = find_box(*track, "tfdt");
    if (header == nullptr || time == nullptr) {
      return fail(ErrorCode::kCorrupt, "a fragment has no 'tfhd' or no 'tfdt'");
    }
    if (auto read = read_header(header->payload); !read) return read;
    if (auto read = read_time(time->payload, is_first); !read) return read;
    position_ = moof.offset;
    opens_fragment_ = true;
    for (const Box& box : *track) {
      if (box.type != "trun") continue;
      if (auto read = read_run(box.payload, moof); !read) return read;
    }
    return {};
  }

  Result<void> read_header(std::string_view tfhd) {
    ByteReader reader(tfhd);
    const std::uint32_t flags = reader.u32() & 0xffffff;
    const std::uint32_t track_id = reader.u32();
    if ((flags & kHeaderHasBaseOffset) != 0) {
      return fail(ErrorCode::kUnsupported, "a fragment's offsets are not from its own start");
    }
    if ((flags & kHeaderHasDescription) != 0) reader.skip(4);
    defaults_ = init_.defaults;
    if ((flags & kHeaderHasDuration) != 0) defaults_.duration = reader.u32();
    if ((flags & kHeaderHasSize) != 0) defaults_.size = reader.u32();
    if ((flags & kHeaderHasFlags) != 0) defaults_.flags = reader.u32();
    if (!reader.ok()) return fail(ErrorCode::kCorrupt, "a 'tfhd' is cut off");
    if (track_id != init_.track_id) {
      return fail(ErrorCode::kCorrupt, "a fragment is of another track than the init segment");
    }
    return {};
  }

  Result<void> read_time(std::string_view tfdt, bool is_first) {
    ByteReader reader(tfdt);
    const bool is_long = reader.u8() == 1;
    reader.skip(3);
    const std::uint64_t time = is_long ? reader.u64() : reader.u32();
    if (!reader.ok() || time > kTicksMax) {
      return fail(ErrorCode::kCorrupt, "a 'tfdt' is cut off or past all time");
    }
    const auto ticks = static_cast<std::int64_t>(time);
    if (is_first) segment_.decode_time = ticks;
    if (ticks != segment_.decode_time + segment_.duration) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("a fragment begins at {} where the one before it ended at {}", ticks,
                              segment_.decode_time + segment_.duration));
    }
    return {};
  }

  Result<void> read_run(std::string_view trun, const Box& moof) {
    ByteReader reader(trun);
    const std::uint32_t flags = reader.u32() & 0xffffff;
    const std::uint32_t count = reader.u32();
    if ((flags & kRunHasDataOffset) != 0) {
      const auto offset = static_cast<std::int32_t>(reader.u32());
      if (offset < 0) return fail(ErrorCode::kCorrupt, "samples lie before their fragment");
      position_ = moof.offset + static_cast<std::uint64_t>(offset);
    }
    const bool has_first_flags = (flags & kRunHasFirstFlags) != 0;
    const std::uint32_t first_flags = has_first_flags ? reader.u32() : 0;
    if (count > kSamplesMax - segment_.sample_sizes.size()) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("the segment has more than {} samples", kSamplesMax));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      SampleDefaults sample = defaults_;
      if ((flags & kRunHasDuration) != 0) sample.duration = reader.u32();
      if ((flags & kRunHasSize) != 0) sample.size = reader.u32();
      if ((flags & kRunHasFlags) != 0) sample.flags = reader.u32();
      if ((flags & kRunHasComposition) != 0) reader.skip(4);
      if (i == 0 && has_first_flags) sample.flags = first_flags;
      if (!reader.ok()) return fail(ErrorCode::kCorrupt, "a 'trun' is cut off");
      if (auto added = add(sample, moof); !added) return added;
    }
    return {};
  }

  Result<void> add(const SampleDefaults& sample, const Box& moof) {
    if (position_ < moof.offset + moof.size || position_ > bytes_.size() ||
        sample.size > bytes_.size() - position_) {
      return fail(ErrorCode::kCorrupt, "a sample lies outside of its segment");
    }
    position_ += sample.size;
    if (opens_fragment_ && (sample.flags & kSampleIsNoSync) == 0 && sample.size > 0 &&
        init_.kind == SampleEntry::Kind::kVideo) {
      segment_.i_frames.push_back(
          {.offset = moof.offset, .length = position_ - moof.offset, .start = segment_.duration});
    }
    opens_fragment_ = false;
    segment_.sample_sizes.push_back(sample.size);
    segment_.duration += sample.duration;
    return {};
  }

  const std::string_view bytes_;
  const InitSegment& init_;
  MediaSegment segment_;
  SampleDefaults defaults_;      // Of the fragment that is read.
  std::uint64_t position_ = 0;   // Of the next sample's bytes.
  bool opens_fragment_ = false;  // The next sample is its fragment's first.
};

}  // namespace

Result<MediaSegment> read_media_segment(std::string_view bytes, const InitSegment& init) {
  return Reader(bytes, init).read();
}

}  // namespace package
