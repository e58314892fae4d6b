#include "package/codec_string.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace package {
namespace {

using namespace std::string_literals;

std::string box(const std::string& type, const std::string& inside) {
  const auto size = static_cast<std::uint32_t>(inside.size() + 8);
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes + type + inside;
}

std::string init_with(const std::string& entry) {
  const std::string stsd = box("stsd", std::string(8, '\0') + entry);
  return box("ftyp", "cmfc") +
         box("moov", box("trak", box("mdia", box("minf", box("stbl", stsd)))));
}

TEST(CodecString, ComesFromTheConfigurationBoxes) {
  const std::string picture(78, '\0');
  EXPECT_EQ(codec_string(init_with(box("avc1", picture + box("avcC", "\x01\x64\x00\x1f"s + "..")))),
            "avc1.64001f");
  EXPECT_EQ(
      codec_string(init_with(box("vp09", picture + box("vpcC", "\0\0\0\0\x00\x1f\x80\x02\x02"s)))),
      "vp09.00.31.08");
  EXPECT_EQ(codec_string(init_with(box("av01", picture + box("av1C", "\x81\x08\x0c\x00"s)))),
            "av01.0.08M.08");
  const std::string esds =
      "\0\0\0\0\x03\x19\0\1\0\x04\x11\x40\x15\0\0\0\0\0\0\0\0\0\0\0\x05\x02\x11\x90"s;
  EXPECT_EQ(codec_string(init_with(box("mp4a", std::string(28, '\0') + box("esds", esds)))),
            "mp4a.40.2");
}

TEST(CodecString, AnyBytesAreSurvived) {
  const std::string whole =
      init_with(box("avc1", std::string(78, '\0') + box("avcC", "\x01\x64\x00\x1f"s)));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(codec_string(whole.substr(0, cut))) << cut;
  }
  EXPECT_FALSE(codec_string("\xff\xff\xff\xffmoov"));
  EXPECT_FALSE(codec_string(init_with(box("hev1", std::string(90, '\0')))));
}

}  // namespace
}  // namespace package
