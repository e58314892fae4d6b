// Boxes made by hand, for tests of those who read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace package {

inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xff);
  }
  return text;
}
inline std::string u8(std::uint64_t value) { return big_endian(value, 1); }
inline std::string u16(std::uint64_t value) { return big_endian(value, 2); }
inline std::string u32(std::uint64_t value) { return big_endian(value, 4); }
inline std::string u64(std::uint64_t value) { return big_endian(value, 8); }
inline std::string zeros(std::size_t count) { return std::string(count, '\0'); }

inline std::string box(std::string_view type, const std::string& payload) {
  return u32(8 + payload.size()) + std::string(type) + payload;
}

// "01 64 00 1f" as bytes.
inline std::string hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += text[i] == ' ' ? 1 : 2) {
    if (text[i] != ' ') {
      bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    }
  }
  return bytes;
}

inline std::string video_entry(std::string_view type, const std::string& config) {
  return box(type, zeros(24) + u16(1280) + u16(720) + zeros(50) + config);
}
inline std::string audio_entry(std::string_view type, const std::string& config) {
  return box(type, zeros(16) + u16(2) + u16(16) + zeros(4) + u32(48'000u << 16) + config);
}
inline std::string avc_entry() { return video_entry("avc1", box("avcC", hex("01 64 00 1f ff"))); }

// An init segment around a sample entry: track 1, ticks of 1/12,800 s, 512 ticks a sample, no sync
// samples unless said so.
inline std::string init_segment(const std::string& entry) {
  const std::string tkhd =
      box("tkhd", zeros(12) + u32(1) + zeros(60) + u32(1280 << 16) + u32(720 << 16));
  const std::string mdhd = box("mdhd", zeros(12) + u32(12'800) + zeros(8));
  const std::string stsd = box("stsd", zeros(4) + u32(1) + entry);
  const std::string mdia = box("mdia", mdhd + box("minf", box("stbl", stsd)));
  const std::string trex =
      box("trex", zeros(4) + u32(1) + u32(1) + u32(512) + u32(0) + u32(0x1010000));
  return box("ftyp", "cmfc" + zeros(4)) +
         box("moov", box("mvhd", zeros(100)) + box("trak", tkhd + mdia) + box("mvex", trex));
}

// A fragment of samples of the sizes given, the first a sync sample or not.
inline std::string fragment(std::uint64_t time, const std::vector<std::uint32_t>& sizes,
                            std::uint32_t first_flags = 0x2000000) {
  std::string samples;
  std::uint64_t bytes = 0;
  for (const std::uint32_t size : sizes) {
    samples += u32(size);
    bytes += size;
  }
  const auto moof_of = [&](std::uint32_t data_offset) {
    const std::string tfhd = box("tfhd", u32(0x20000) + u32(1));
    const std::string tfdt = box("tfdt", u32(0x1000000) + u64(time));
    const std::string trun =
        box("trun", u32(0x205) + u32(sizes.size()) + u32(data_offset) + u32(first_flags) + samples);
    return box("moof", box("mfhd", zeros(8)) + box("traf", tfhd + tfdt + trun));
  };
  const std::string moof = moof_of(static_cast<std::uint32_t>(moof_of(0).size() + 8));
  return moof + box("mdat", std::string(bytes, 'x'));
}

}  // namespace package
