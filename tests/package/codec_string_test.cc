#include "package/codec_string.h"

#include <gtest/gtest.h>

#include "package/init_segment.h"
#include "tests/package/box_bytes.h"

namespace package {
namespace {

std::string codec_of(const std::string& entry) {
  const auto codec = codec_string(init_segment(entry));
  return codec ? *codec : codec.error().context;
}

// A descriptor of MPEG-4 systems; its size in four bytes, as FFmpeg writes it, or in one.
std::string descriptor(unsigned tag, const std::string& body, bool is_short = false) {
  return u8(tag) + (is_short ? "" : hex("80 80 80")) + u8(body.size()) + body;
}

std::string esds(unsigned object, const std::string& specific, bool is_short = false,
                 const std::string& flags = zeros(1)) {
  const std::string decoder = descriptor(
      4, u8(object) + zeros(12) + (specific.empty() ? "" : descriptor(5, specific, is_short)),
      is_short);
  return box("esds", zeros(4) + descriptor(3, u16(1) + flags + decoder, is_short));
}

TEST(CodecString, IsReadFromTheConfiguration) {
  EXPECT_EQ(codec_of(avc_entry()), "avc1.64001f");
  EXPECT_EQ(codec_of(video_entry("avc3", box("avcC", hex("01 42 c0 0d")))), "avc3.42c00d");
  // Main, level 3.1; Main 10 at high tier, 5.1; a profile of space A.
  EXPECT_EQ(codec_of(video_entry("hvc1", box("hvcC", hex("01 01 60000000 900000000000 5d")))),
            "hvc1.1.6.L93.90");
  EXPECT_EQ(codec_of(video_entry("hev1", box("hvcC", hex("01 22 20000000 b00000000000 99")))),
            "hev1.2.4.H153.B0");
  EXPECT_EQ(codec_of(video_entry("hvc1", box("hvcC", hex("01 41 80000000 000000000001 1e")))),
            "hvc1.A1.1.L30.0.0.0.0.0.1");
  EXPECT_EQ(codec_of(video_entry("hvc1", box("hvcC", hex("01 01 60000000 000000000000 5d")))),
            "hvc1.1.6.L93");
  EXPECT_EQ(codec_of(video_entry("av01", box("av1C", hex("81 04 0c 00")))), "av01.0.04M.08");
  EXPECT_EQ(codec_of(video_entry("av01", box("av1C", hex("81 0d cc 00")))), "av01.0.13H.10");
  EXPECT_EQ(codec_of(video_entry("av01", box("av1C", hex("81 48 60 00")))), "av01.2.08M.12");
  EXPECT_EQ(codec_of(video_entry("vp09", box("vpcC", hex("01000000 00 0a 82 02 02 02 0000")))),
            "vp09.00.10.08");
  EXPECT_EQ(codec_of(video_entry("vp09", box("vpcC", hex("01000000 02 33 a2 09 10 09 0000")))),
            "vp09.02.51.10");
  EXPECT_EQ(codec_of(audio_entry("Opus", box("dOps", zeros(11)))), "opus");
}

TEST(CodecString, Mpeg4AudioIsFoundBehindItsDescriptors) {
  EXPECT_EQ(codec_of(audio_entry("mp4a", esds(0x40, hex("11 90")))), "mp4a.40.2");
  EXPECT_EQ(codec_of(audio_entry("mp4a", esds(0x40, hex("11 90"), true))), "mp4a.40.2");
  EXPECT_EQ(codec_of(audio_entry("mp4a", esds(0x40, hex("2b 92 08 00")))), "mp4a.40.5");
  EXPECT_EQ(codec_of(audio_entry("mp4a", esds(0x40, hex("f9 40")))), "mp4a.40.42");  // xHE-AAC.
  EXPECT_EQ(codec_of(audio_entry("mp4a", esds(0x6b, ""))), "mp4a.6b");               // MP3.
  // Depends on another stream, has a URL of 3 bytes and a clock stream.
  EXPECT_EQ(
      codec_of(audio_entry("mp4a", esds(0x40, hex("11 90"), false, hex("e0 0001 03 616263 0002")))),
      "mp4a.40.2");
}

TEST(CodecString, WhatIsMissingOrCutIsNamed) {
  EXPECT_EQ(codec_of(video_entry("avc1", "")), "the configuration of 'avc1' is missing or cut off");
  for (const std::string& entry :
       {video_entry("avc1", box("avcC", hex("01 64 00"))),
        video_entry("avc1", box("avcC", hex("02 64 00 1f"))),
        video_entry("hvc1", box("hvcC", hex("01 01 60000000 900000000000"))),
        video_entry("av01", box("av1C", hex("81 04"))),
        video_entry("av01", box("av1C", hex("01 04 0c"))),
        video_entry("vp09", box("vpcC", hex("00000000 00 0a 82"))),
        video_entry("vp09", box("vpcC", hex("01000000 00 0a"))), audio_entry("Opus", ""),
        audio_entry("mp4a", ""), audio_entry("mp4a", box("esds", zeros(4))),
        audio_entry("mp4a", esds(0x40, "")), audio_entry("mp4a", esds(0x40, hex("f9")))}) {
    EXPECT_NE(codec_of(entry).find("is missing or cut off"), std::string::npos) << codec_of(entry);
  }
  EXPECT_EQ(codec_of(box("enc\n", zeros(100))), "'enc?' is a codec that we don't package");
  EXPECT_EQ(codec_of(video_entry("mp4v", "")), "'mp4v' is a codec that we don't package");
}

TEST(InitSegment, SaysWhatTheTrackIs) {
  const auto init = read_init_segment(init_segment(avc_entry()));
  ASSERT_TRUE(init) << init.error().context;
  EXPECT_EQ(init->kind, SampleEntry::Kind::kVideo);
  EXPECT_EQ(init->codec, "avc1.64001f");
  EXPECT_EQ(init->track_id, 1u);
  EXPECT_EQ(init->timescale, 12'800);
  EXPECT_EQ(init->width, 1280);
  EXPECT_EQ(init->height, 720);
  EXPECT_EQ(init->defaults.duration, 512u);
  EXPECT_EQ(init->defaults.flags, 0x1010000u);
  const auto sound = read_init_segment(init_segment(audio_entry("mp4a", esds(0x40, hex("11 90")))));
  EXPECT_EQ(sound->kind, SampleEntry::Kind::kAudio);
  EXPECT_EQ(sound->channels, 2);
  EXPECT_EQ(sound->sample_rate, 48'000);
}

TEST(InitSegment, IsRefusedAtEveryCut) {
  const std::string whole = init_segment(avc_entry());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_init_segment(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(InitSegment, HasOneTrackAndOneEntry) {
  std::string two = init_segment(avc_entry());
  const std::string two_tracks = box("moov", two.substr(two.find("moov") + 4) + box("trak", ""));
  EXPECT_EQ(read_init_segment(two_tracks).error().code, base::ErrorCode::kUnsupported);
  EXPECT_EQ(read_init_segment(box("moov", "")).error().context, "the init segment has no track");
  std::string three_entries = init_segment(avc_entry());
  three_entries[three_entries.find("stsd") + 11] = 3;
  EXPECT_EQ(read_init_segment(three_entries).error().code, base::ErrorCode::kCorrupt);
  std::string quicktime = init_segment(audio_entry("mp4a", ""));
  quicktime[quicktime.find("mp4a") + 13] = 1;
  EXPECT_EQ(read_init_segment(quicktime).error().code, base::ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace package
