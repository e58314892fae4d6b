#include "package/jpeg.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "package/byte_reader.h"

namespace package {
namespace {

constexpr std::string_view kStart("\xff\xd8", 2);
constexpr std::string_view kEnd("\xff\xd9", 2);
constexpr int kSegmentsMax = 64;  // Before the scan; encoders write fewer than ten.

constexpr std::uint8_t kScan = 0xda;
constexpr std::uint8_t kQuantisation = 0xdb;
constexpr std::uint8_t kApplication = 0xe0;
constexpr std::uint8_t kApplicationEnd = 0xef;
constexpr std::uint8_t kComment = 0xfe;
constexpr std::uint8_t kHuffman = 0xc4;
constexpr std::uint8_t kRestartInterval = 0xdd;

bool is_frame(std::uint8_t marker) { return marker >= 0xc0 && marker <= 0xc2; }

bool may_stand_before_scan(std::uint8_t marker) {
  return is_frame(marker) || marker == kHuffman || marker == kQuantisation ||
         marker == kRestartInterval || marker == kComment ||
         (marker >= kApplication && marker <= kApplicationEnd);
}

std::unexpected<base::Error> not_it(std::string what) {
  return base::fail(base::ErrorCode::kInvalid, std::move(what), base::Blame::kClient);
}

base::Result<JpegHead> read_frame(std::string_view segment) {
  ByteReader reader(segment);
  const int bits = reader.u8();
  JpegHead head;
  head.height = reader.u16();
  head.width = reader.u16();
  const int components = reader.u8();
  if (!reader.ok() || reader.rest().size() != static_cast<std::size_t>(components) * 3) {
    return not_it("its frame header is cut short");
  }
  if (bits != 8 || (components != 1 && components != 3)) {
    return not_it(fmt::format("it has {} components of {} bits", components, bits));
  }
  if (head.width == 0 || head.height == 0) return not_it("it does not say its size");
  return head;
}

}  // namespace

base::Result<JpegHead> read_jpeg_head(std::string_view bytes) {
  if (!bytes.starts_with(kStart)) return not_it("it is no JPEG file");
  if (bytes.size() < 4 || !bytes.ends_with(kEnd)) return not_it("its end is missing");
  ByteReader reader(bytes.substr(kStart.size(), bytes.size() - kStart.size() - kEnd.size()));
  JpegHead head;
  for (int i = 0; i < kSegmentsMax; ++i) {
    const bool is_marker = reader.u8() == 0xff;
    const std::uint8_t marker = reader.u8();
    const std::uint16_t length = reader.u16();
    const std::string_view segment = reader.take(length < 2 ? 0 : length - 2);
    if (!is_marker || !reader.ok() || length < 2) return not_it("its segments are malformed");
    if (marker == kScan) {
      if (head.width == 0) return not_it("its scan has no frame header before it");
      if (reader.rest().empty()) return not_it("its scan is empty");
      return head;
    }
    if (!may_stand_before_scan(marker)) {
      return not_it(fmt::format("it has a segment of a kind that is not taken, {:#04x}", marker));
    }
    if (!is_frame(marker)) continue;
    if (head.width != 0) return not_it("it has two frame headers");
    auto frame = read_frame(segment);
    if (!frame) return frame;
    head = *frame;
  }
  return not_it(fmt::format("it has more than {} segments before its scan", kSegmentsMax));
}

}  // namespace package
