#include "package/codec_string.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace package {
namespace {

std::unexpected<base::Error> unknown() {
  return base::fail(base::ErrorCode::kCorrupt, "an init segment without a codec that is known");
}

std::uint8_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

std::uint32_t big_endian_at(std::string_view bytes, std::size_t i) {
  return std::uint32_t{byte_at(bytes, i)} << 24 | std::uint32_t{byte_at(bytes, i + 1)} << 16 |
         std::uint32_t{byte_at(bytes, i + 2)} << 8 | byte_at(bytes, i + 3);
}

struct Box {
  std::string_view type, inside;
};

// The box at the front, taken off.
std::optional<Box> take_box(std::string_view& bytes) {
  if (bytes.size() < 8) return std::nullopt;
  const std::uint32_t size = big_endian_at(bytes, 0);
  if (size < 8 || size > bytes.size()) return std::nullopt;
  const Box box{bytes.substr(4, 4), bytes.substr(8, size - 8)};
  bytes.remove_prefix(size);
  return box;
}

std::optional<std::string_view> find_box(std::string_view bytes, std::string_view type) {
  while (const auto box = take_box(bytes)) {
    if (box->type == type) return box->inside;
  }
  return std::nullopt;
}

// ISO/IEC 14496-14: behind tag and length (of up to four bytes, seven bits each).
std::optional<std::string_view> descriptor(std::string_view bytes, std::uint8_t tag,
                                           std::size_t skipped) {
  if (bytes.empty() || byte_at(bytes, 0) != tag) return std::nullopt;
  std::size_t at = 1;
  while (at < bytes.size() && at < 4 && (byte_at(bytes, at) & 0x80) != 0) ++at;
  if (at + 1 + skipped > bytes.size()) return std::nullopt;
  return bytes.substr(at + 1 + skipped);
}

base::Result<std::string> mp4a(std::string_view esds) {
  if (esds.size() < 4) return unknown();
  const auto stream = descriptor(esds.substr(4), 3, 3);
  if (!stream) return unknown();
  const auto config = descriptor(*stream, 4, 0);
  if (!config || config->size() < 13) return unknown();
  const std::uint8_t object_type = byte_at(*config, 0);
  if (object_type != 0x40) return fmt::format("mp4a.{:02x}", object_type);
  const auto specific = descriptor(config->substr(13), 5, 0);
  if (!specific || specific->empty()) return unknown();
  return fmt::format("mp4a.40.{}", byte_at(*specific, 0) >> 3);
}

}  // namespace

base::Result<std::string> codec_string(std::string_view init_segment) {
  std::optional<std::string_view> at = init_segment;
  for (const char* type : {"moov", "trak", "mdia", "minf", "stbl", "stsd"}) {
    at = find_box(*at, type);
    if (!at) return unknown();
  }
  if (at->size() < 8) return unknown();
  std::string_view entries = at->substr(8);
  const auto entry = take_box(entries);
  if (!entry) return unknown();
  constexpr std::size_t kVisualEntry = 78;
  constexpr std::size_t kAudioEntry = 28;
  if (entry->type == "avc1" && entry->inside.size() > kVisualEntry) {
    const auto config = find_box(entry->inside.substr(kVisualEntry), "avcC");
    if (!config || config->size() < 4) return unknown();
    return fmt::format("avc1.{:02x}{:02x}{:02x}", byte_at(*config, 1), byte_at(*config, 2),
                       byte_at(*config, 3));
  }
  if (entry->type == "vp09" && entry->inside.size() > kVisualEntry) {
    const auto config = find_box(entry->inside.substr(kVisualEntry), "vpcC");
    if (!config || config->size() < 7) return unknown();
    return fmt::format("vp09.{:02}.{:02}.{:02}", byte_at(*config, 4), byte_at(*config, 5),
                       byte_at(*config, 6) >> 4);
  }
  if (entry->type == "av01" && entry->inside.size() > kVisualEntry) {
    const auto config = find_box(entry->inside.substr(kVisualEntry), "av1C");
    if (!config || config->size() < 3) return unknown();
    const std::uint8_t profile = byte_at(*config, 1) >> 5;
    const std::uint8_t level = byte_at(*config, 1) & 31;
    const bool high_tier = (byte_at(*config, 2) & 0x80) != 0;
    const bool high_depth = (byte_at(*config, 2) & 0x40) != 0;
    const bool twelve = (byte_at(*config, 2) & 0x20) != 0;
    return fmt::format("av01.{}.{:02}{}.{:02}", profile, level, high_tier ? 'H' : 'M',
                       !high_depth ? 8
                       : twelve    ? 12
                                   : 10);
  }
  if (entry->type == "Opus") return std::string("opus");
  if (entry->type == "mp4a" && entry->inside.size() > kAudioEntry) {
    const auto esds = find_box(entry->inside.substr(kAudioEntry), "esds");
    if (!esds) return unknown();
    return mp4a(*esds);
  }
  return unknown();
}

}  // namespace package
