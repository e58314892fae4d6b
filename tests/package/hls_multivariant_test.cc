#include "package/hls_multivariant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "package/bit_rate.h"
#include "tests/package/sample.h"

namespace package {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HlsMultivariant, IsWrittenLikeThis) {
  Presentation all = sample();
  all.title.clear();
  all.video.resize(1);
  EXPECT_EQ(hls_multivariant(all),
            R"(#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio-en/audio.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Deutsch",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="audio-de/audio.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="captions/en.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="Português",LANGUAGE="pt-BR",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="captions/pt-BR.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3128755,AVERAGE-BANDWIDTH=3128755,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="audio",SUBTITLES="captions",CLOSED-CAPTIONS=NONE
720p/video.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=750000,AVERAGE-BANDWIDTH=675000,CODECS="avc1.64001f",RESOLUTION=1280x720,VIDEO-RANGE=SDR,URI="720p/iframes.m3u8"
)");
}

TEST(HlsMultivariant, BandwidthIsTheSumOfThePeaksOfWhatPlaysTogether) {
  Presentation all = sample();
  all.audio[1].segments[1].bytes *= 3;  // The other language is the larger one.
  const auto peak =
      bit_rates(all.video[0]).peak + bit_rates(all.audio[1]).peak + 880;  // 1,100 B, 10 s.
  EXPECT_THAT(hls_multivariant(all), HasSubstr("INF:BANDWIDTH=" + std::to_string(peak) + ","));
}

TEST(HlsMultivariant, FrameRatesHaveThreeDecimals) {
  const auto rate = [](std::int64_t num, std::int64_t den) {
    Presentation all = sample();
    all.video[0].rate_num = num;
    all.video[0].rate_den = den;
    const std::string text = hls_multivariant(all);
    const std::size_t at = text.find("FRAME-RATE=") + 11;
    return text.substr(at, text.find(',', at) - at);
  };
  EXPECT_EQ(rate(30'000, 1'001), "29.970");
  EXPECT_EQ(rate(24'000, 1'001), "23.976");
  EXPECT_EQ(rate(60'000, 1'001), "59.940");
  EXPECT_EQ(rate(50, 1), "50.000");
  EXPECT_EQ(rate(15, 2), "7.500");
}

TEST(HlsMultivariant, SoundAloneHasAVariantWithoutAPicture) {
  Presentation all = sample();
  all.video.clear();
  all.captions.clear();
  all.audio.resize(1);
  const std::string text = hls_multivariant(all);
  EXPECT_THAT(text, HasSubstr("CODECS=\"mp4a.40.2\",AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\n"
                              "audio-en/audio.m3u8\n"));
  EXPECT_THAT(text, Not(HasSubstr("RESOLUTION")));
  EXPECT_THAT(text, Not(HasSubstr("I-FRAME")));
}

TEST(HlsMultivariant, AVariantMayGoWithOneGroupOfSound) {
  Presentation all;
  all.video = {sample_video("720p", 1280, 720, 1'500'000),
               sample_video("720p-vp9", 1280, 720, 1'000'000)};
  all.video[0].sound_group = "audio";
  all.video[1].codec = "vp09.00.31.08";
  all.video[1].sound_group = "audio-opus";
  all.audio = {sample_audio("audio", "", "Default"), sample_audio("audio-opus", "", "Default")};
  all.audio[1].codec = "opus";
  all.audio[1].group = "audio-opus";
  ASSERT_TRUE(verify(all));
  const std::string text = hls_multivariant(all);
  EXPECT_THAT(text, HasSubstr("CODECS=\"avc1.64001f,mp4a.40.2\""));
  EXPECT_THAT(text, HasSubstr("CODECS=\"vp09.00.31.08,opus\""));
  EXPECT_THAT(text, HasSubstr("AUDIO=\"audio-opus\",CLOSED-CAPTIONS=NONE\n720p-vp9/video.m3u8"));
  EXPECT_THAT(text, Not(HasSubstr("avc1.64001f,opus")));
  EXPECT_THAT(text, Not(HasSubstr("vp09.00.31.08,mp4a")));
}

TEST(HlsMultivariant, TheChosenLanguageIsTheDefault) {
  Presentation all = sample();
  all.audio[1].is_default = true;
  EXPECT_THAT(hls_multivariant(all), HasSubstr("NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=YES"));
  EXPECT_THAT(hls_multivariant(all), HasSubstr("NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO"));
}

TEST(HlsMultivariant, EqualNamesAreToldApart) {
  Presentation all = sample();
  all.captions[1].label = "English";
  EXPECT_THAT(hls_multivariant(all), HasSubstr("NAME=\"English 2\""));
}

TEST(HlsMultivariant, ALabelCannotBecomeATag) {
  Presentation all = sample();
  all.title = "a\"\n#EXT-X-ENDLIST";
  all.captions[0].label = "x\",URI=\"http://elsewhere\r\n#EXTM3U";
  all.captions[0].language = "en\",URI=\"y";
  const std::string text = hls_multivariant(all);
  EXPECT_THAT(text, HasSubstr("VALUE=\"a' #EXT-X-ENDLIST\"\n"));
  EXPECT_THAT(text, HasSubstr("NAME=\"x',URI='http://elsewhere  #EXTM3U\",LANGUAGE=\"und\","));
}

TEST(HlsMultivariant, WithoutIFramesThereIsNoPlaylistOfThem) {
  Presentation all = sample();
  for (Segment& segment : all.video[0].segments) segment.i_frames.clear();
  EXPECT_THAT(hls_multivariant(all), Not(HasSubstr("720p/iframes.m3u8")));
  EXPECT_THAT(hls_multivariant(all), HasSubstr("360p/iframes.m3u8"));
}

}  // namespace
}  // namespace package
