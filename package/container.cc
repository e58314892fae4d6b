#include "package/container.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace package {
namespace {

using namespace std::string_view_literals;

bool has_at(std::string_view bytes, std::size_t offset, std::string_view what) {
  return bytes.size() >= offset + what.size() && bytes.substr(offset, what.size()) == what;
}

// The type of the first box. ISO/IEC 14496-12; QuickTime files may begin with others than "ftyp".
bool is_mp4(std::string_view start) {
  constexpr std::array kFirstBoxes{"ftyp"sv, "moov"sv, "mdat"sv, "wide"sv,
                                   "free"sv, "skip"sv, "pnot"sv, "styp"sv};
  return std::ranges::any_of(kFirstBoxes,
                             [&](std::string_view type) { return has_at(start, 4, type); });
}

// 188-byte packets (or 192 with a time stamp in front), each beginning with 0x47. ISO/IEC 13818-1.
bool is_mpeg_ts(std::string_view start) {
  constexpr std::size_t kPackets = 4;
  for (const auto& [size, offset] : {std::pair<std::size_t, std::size_t>{188, 0}, {192, 4}}) {
    std::size_t packets = 0;
    while (packets < kPackets && has_at(start, packets * size + offset, "\x47")) ++packets;
    if (packets == kPackets) return true;
  }
  return false;
}

// A frame header's sync, version, layer, bit rate and sampling rate. ISO/IEC 11172-3, 13818-3.
bool is_mp3_frame(std::string_view start) {
  if (start.size() < 4) return false;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(start[i]); };
  const bool sync = byte(0) == 0xff && (byte(1) & 0xe0) == 0xe0;
  const bool version = (byte(1) & 0x18) != 0x08;
  const bool layer3 = (byte(1) & 0x06) == 0x02;
  return sync && version && layer3 && (byte(2) & 0xf0) != 0xf0 && (byte(2) & 0xf0) != 0 &&
         (byte(2) & 0x0c) != 0x0c;
}

}  // namespace

std::string_view demuxer_of(Container container) {
  switch (container) {
    case Container::kMp4:
      return "mov";
    case Container::kMatroska:
      return "matroska";
    case Container::kAvi:
      return "avi";
    case Container::kMpegTs:
      return "mpegts";
    case Container::kOgg:
      return "ogg";
    case Container::kWav:
      return "wav";
    case Container::kMp3:
      return "mp3";
    case Container::kFlac:
      return "flac";
  }
  return "";
}

std::optional<Container> sniff_container(std::string_view start) {
  if (has_at(start, 0, "\x1a\x45\xdf\xa3")) return Container::kMatroska;
  if (is_mp4(start)) return Container::kMp4;
  if (has_at(start, 0, "RIFF") && has_at(start, 8, "AVI ")) return Container::kAvi;
  if (has_at(start, 0, "RIFF") && has_at(start, 8, "WAVE")) return Container::kWav;
  if (has_at(start, 0, "OggS")) return Container::kOgg;
  if (has_at(start, 0, "fLaC")) return Container::kFlac;
  if (is_mpeg_ts(start)) return Container::kMpegTs;
  if (has_at(start, 0, "ID3") || is_mp3_frame(start)) return Container::kMp3;
  return std::nullopt;
}

}  // namespace package
