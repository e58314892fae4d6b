#include "package/container.h"

#include <gtest/gtest.h>

#include <string>

namespace package {
namespace {

using namespace std::string_literals;

TEST(Container, IsKnownByItsFirstBytes) {
  EXPECT_EQ(sniff_container("\0\0\0\x20"s + "ftypisom"), Container::kMp4);
  EXPECT_EQ(sniff_container("\0\0\0\x08"s + "wide\0\0\0\0mdat"s), Container::kMp4);
  EXPECT_EQ(sniff_container("\x1a\x45\xdf\xa3\x01"), Container::kMatroska);
  EXPECT_EQ(sniff_container("RIFF\x10\x10\x10\x10"s + "AVI LIST"), Container::kAvi);
  EXPECT_EQ(sniff_container("RIFF\x10\x10\x10\x10"s + "WAVEfmt "), Container::kWav);
  EXPECT_EQ(sniff_container("OggS\0"s), Container::kOgg);
  EXPECT_EQ(sniff_container("fLaC"), Container::kFlac);
  EXPECT_EQ(sniff_container("ID3\x04"), Container::kMp3);
  EXPECT_EQ(sniff_container("\xff\xfb\x90\x64"), Container::kMp3);
  std::string ts;
  for (int i = 0; i < 4; ++i) ts += "\x47" + std::string(187, 'x');
  EXPECT_EQ(sniff_container(ts), Container::kMpegTs);
  std::string m2ts;
  for (int i = 0; i < 4; ++i) m2ts += "time\x47" + std::string(187, 'x');
  EXPECT_EQ(sniff_container(m2ts), Container::kMpegTs);
}

TEST(Container, NothingElseIsTaken) {
  for (const std::string& start :
       {""s, "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"s, "<?xml version=\"1.0\"?><MPD/>"s,
        "ffconcat version 1.0\nfile x"s, "RIFF\0\0\0\0WEBP"s, "WEBVTT\n"s, "\x89PNG\r\n"s,
        "\x47"s + std::string(700, 'x'), "\xff\xff\xff\xff"s, "\0\0\0\x20junk"s}) {
    EXPECT_FALSE(sniff_container(start)) << start;
  }
}

}  // namespace
}  // namespace package
