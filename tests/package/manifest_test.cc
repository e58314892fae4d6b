#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <string>

#include "package/codec_string.h"
#include "package/dash.h"
#include "package/hls.h"

namespace package {
namespace {

using namespace std::string_literals;

// Three segments: two of 4 s, one of 1 s; two I-frames a segment.
Presentation sample() {
  VideoTrack video;
  video.id = "360p";
  video.codec = "avc1.64001e";
  video.timescale = 30'000;
  video.init = "init.mp4";
  video.width = 640;
  video.height = 360;
  video.rate_num = 30'000;
  video.rate_den = 1'001;
  video.segments = {{"a.m4s", 120'120, 500'000, {{24, 1'000, 0}, {250'000, 900, 60'060}}},
                    {"b.m4s", 120'120, 300'000, {{24, 1'100, 0}, {150'000, 800, 60'060}}},
                    {"c.m4s", 30'030, 200'000, {{24, 700, 0}}}};
  AudioTrack audio;
  audio.id = "audio";
  audio.codec = "mp4a.40.2";
  audio.timescale = 48'000;
  audio.init = "init.mp4";
  audio.segments = {{"d.m4s", 192'512, 64'000, {}}, {"e.m4s", 240'640, 80'000, {}}};
  return {.video = {video},
          .audio = {audio},
          .captions = {{"en", "English", "en.vtt"}},
          .storyboards = {},
          .duration_us = 9'009'000};
}

std::int64_t attribute(const std::string& text, const std::string& name) {
  std::smatch found;
  EXPECT_TRUE(std::regex_search(text, found, std::regex("[:,]" + name + "=([0-9]+)"))) << name;
  return found.empty() ? 0 : std::stoll(found[1]);
}

// Apple's authoring rules, as far as they can be read off the playlists.
TEST(Hls, TheMultivariantPlaylistTellsTheTruth) {
  const std::string text = hls_multivariant(sample());
  EXPECT_TRUE(text.starts_with("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"));
  const double sound_peak = 8.0 * 64'000 / (192'512 / 48'000.0);
  EXPECT_EQ(attribute(text, "BANDWIDTH"), std::ceil(8.0 * 500'000 / 4.004) + std::ceil(sound_peak));
  EXPECT_GE(attribute(text, "BANDWIDTH"), attribute(text, "AVERAGE-BANDWIDTH"));
  EXPECT_NE(text.find("CODECS=\"avc1.64001e,mp4a.40.2\""), std::string::npos);
  EXPECT_NE(text.find("RESOLUTION=640x360,FRAME-RATE=29.970"), std::string::npos);
  EXPECT_NE(text.find("AUDIO=\"audio\",SUBTITLES=\"captions\"\n360p/video.m3u8"),
            std::string::npos);
  EXPECT_NE(text.find("#EXT-X-I-FRAME-STREAM-INF"), std::string::npos);
  EXPECT_NE(text.find("URI=\"360p/iframes.m3u8\""), std::string::npos);
}

TEST(Hls, NoSegmentIsLongerThanTheTargetRounded) {
  const std::string text = hls_media(sample().video[0]);
  EXPECT_NE(text.find("#EXT-X-TARGETDURATION:4\n"), std::string::npos);
  EXPECT_NE(text.find("#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4.004000,\na.m4s\n"),
            std::string::npos);
  EXPECT_TRUE(text.ends_with("#EXTINF:1.001000,\nc.m4s\n#EXT-X-ENDLIST\n"));
}

TEST(Hls, IFramesAreRangesThatCoverTheWholeTime) {
  const std::string text = hls_i_frames(sample().video[0]);
  EXPECT_NE(text.find("#EXT-X-I-FRAMES-ONLY\n"), std::string::npos);
  EXPECT_NE(text.find("#EXTINF:2.002000,\n#EXT-X-BYTERANGE:900@250000\na.m4s\n"),
            std::string::npos);
  double sum = 0;
  const std::regex duration("#EXTINF:([0-9.]+),");
  for (std::sregex_iterator one(text.begin(), text.end(), duration), end; one != end; ++one) {
    sum += std::stod((*one)[1]);
  }
  EXPECT_NEAR(sum, 9.009, 1e-6);
}

TEST(Hls, NothingInATitleCanBreakALine) {
  Presentation presentation = sample();
  presentation.captions[0].label = "En\"glish\n#EXT-X-ENDLIST,X=\"";
  const std::string text = hls_multivariant(presentation);
  EXPECT_EQ(text.find("\n#EXT-X-ENDLIST"), std::string::npos);
  EXPECT_NE(text.find("NAME=\"En'glish #EXT-X-ENDLIST,X='\""), std::string::npos);
}

// DASH-IF's timing model: no gaps, and every segment has its place.
TEST(Dash, TheTimelineHasNoGapsAndAUrlForEachSegment) {
  const std::string text = dash_mpd(sample());
  EXPECT_NE(text.find("mediaPresentationDuration=\"PT9.009000S\""), std::string::npos);
  EXPECT_NE(
      text.find("<S t=\"0\" d=\"120120\" r=\"1\"/>\n            <S t=\"240240\" d=\"30030\"/>"),
      std::string::npos);
  for (const char* name :
       {"360p/a.m4s", "360p/b.m4s", "360p/c.m4s", "audio/d.m4s", "audio/e.m4s"}) {
    EXPECT_NE(text.find("<SegmentURL media=\"" + std::string(name) + "\"/>"), std::string::npos);
  }
  EXPECT_NE(text.find("frameRate=\"30000/1001\""), std::string::npos);
}

TEST(Dash, TextIsEscaped) {
  Presentation presentation = sample();
  presentation.captions[0].label = "<&\"'>\x01";
  EXPECT_NE(dash_mpd(presentation).find("<Label>&lt;&amp;&quot;&apos;&gt; </Label>"),
            std::string::npos);
}

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
