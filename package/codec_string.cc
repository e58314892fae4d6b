#include "package/codec_string.h"

#include <fmt/format.h>

#include <cstdint>

#include "package/byte_reader.h"
#include "package/init_segment.h"

namespace package {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// Each `of_*` reads the payload of a configuration box; empty: cut off, or of no known version.

std::string of_avc(std::string_view type, std::string_view config) {
  ByteReader reader(config);
  if (reader.u8() != 1) return {};
  const unsigned profile = reader.u8();
  const unsigned constraints = reader.u8();
  const unsigned level = reader.u8();
  return reader.ok() ? fmt::format("{}.{:02x}{:02x}{:02x}", type, profile, constraints, level)
                     : std::string();
}

std::uint32_t reversed(std::uint32_t bits) {
  std::uint32_t result = 0;
  for (int i = 0; i < 32; ++i) result = result << 1 | (bits >> i & 1);
  return result;
}

std::string of_hevc(std::string_view type, std::string_view config) {
  ByteReader reader(config);
  if (reader.u8() != 1) return {};
  const unsigned first = reader.u8();
  const std::uint32_t compatibility = reader.u32();
  std::string_view constraints = reader.take(6);
  const unsigned level = reader.u8();
  if (!reader.ok()) return {};
  constexpr std::string_view kSpaces[] = {"", "A", "B", "C"};
  std::string text = fmt::format("{}.{}{}.{:X}.{}{}", type, kSpaces[first >> 6], first & 0x1f,
                                 reversed(compatibility), (first & 0x20) != 0 ? 'H' : 'L', level);
  while (constraints.ends_with('\0')) constraints.remove_suffix(1);
  for (const char byte : constraints) {
    text += fmt::format(".{:X}", static_cast<unsigned char>(byte));
  }
  return text;
}

std::string of_av1(std::string_view config) {
  ByteReader reader(config);
  if (reader.u8() != 0x81) return {};  // Marker and version.
  const unsigned first = reader.u8();
  const unsigned second = reader.u8();
  if (!reader.ok()) return {};
  const unsigned profile = first >> 5;
  const bool is_high = (second & 0x40) != 0;
  const bool is_twelve = (second & 0x20) != 0;
  const int bits = !is_high ? 8 : profile == 2 && is_twelve ? 12 : 10;
  return fmt::format("av01.{}.{:02}{}.{:02}", profile, first & 0x1f,
                     (second & 0x80) != 0 ? 'H' : 'M', bits);
}

std::string of_vp9(std::string_view config) {
  ByteReader reader(config);
  if (reader.u8() != 1) return {};
  reader.skip(3);  // Flags.
  const unsigned profile = reader.u8();
  const unsigned level = reader.u8();
  const unsigned bits = reader.u8() >> 4;
  return reader.ok() ? fmt::format("vp09.{:02}.{:02}.{:02}", profile, level, bits) : std::string();
}

// The body of a descriptor of MPEG-4 systems (ISO/IEC 14496-1 §8.3.3); empty: it is another.
std::string_view descriptor(ByteReader& reader, unsigned tag) {
  if (reader.u8() != tag) return {};
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned byte = reader.u8();
    size = size << 7 | (byte & 0x7f);
    if ((byte & 0x80) == 0) break;
  }
  return reader.take(size);
}

std::string of_mpeg4_audio(std::string_view config) {
  ByteReader reader(config);
  reader.skip(4);  // Version and flags.
  ByteReader stream(descriptor(reader, 3));
  stream.skip(2);
  const unsigned flags = stream.u8();
  if ((flags & 0x80) != 0) stream.skip(2);            // Depends on another stream.
  if ((flags & 0x40) != 0) stream.skip(stream.u8());  // URL.
  if ((flags & 0x20) != 0) stream.skip(2);            // Clock stream.
  ByteReader decoder(descriptor(stream, 4));
  const unsigned object = decoder.u8();
  decoder.skip(1 + 3 + 4 + 4);  // Stream type, buffer, rates.
  if (!reader.ok() || !stream.ok() || !decoder.ok()) return {};
  if (object != 0x40) return fmt::format("mp4a.{:02x}", object);
  ByteReader specific(descriptor(decoder, 5));
  const unsigned bits = specific.u8();
  const unsigned escaped = bits >> 3 == 31 ? (bits & 7) << 3 | specific.u8() >> 5 : 0;
  if (!specific.ok()) return {};
  return fmt::format("mp4a.40.{}", bits >> 3 == 31 ? 32 + escaped : bits >> 3);
}

}  // namespace

Result<std::string> codec_string(const SampleEntry& entry) {
  const auto config = [&entry](std::string_view type) {
    const Box* box = find_box(entry.boxes, type);
    return box == nullptr ? std::string_view() : box->payload;
  };
  std::string text;
  if (entry.type == "avc1" || entry.type == "avc3") {
    text = of_avc(entry.type, config("avcC"));
  } else if (entry.type == "hvc1" || entry.type == "hev1") {
    text = of_hevc(entry.type, config("hvcC"));
  } else if (entry.type == "av01") {
    text = of_av1(config("av1C"));
  } else if (entry.type == "vp09") {
    text = of_vp9(config("vpcC"));
  } else if (entry.type == "mp4a") {
    text = of_mpeg4_audio(config("esds"));
  } else if (entry.type == "Opus") {
    if (!config("dOps").empty()) text = "opus";
  } else {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' is a codec that we don't package", printable_type(entry.type)));
  }
  if (text.empty()) {
    return fail(ErrorCode::kCorrupt, fmt::format("the configuration of '{}' is missing or cut off",
                                                 printable_type(entry.type)));
  }
  return text;
}

Result<std::string> codec_string(std::string_view init_segment) {
  auto init = read_init_segment(init_segment);
  if (!init) return std::unexpected(init.error());
  return std::move(init->codec);
}

}  // namespace package
