#include "package/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/package/dash_rules.h"
#include "tests/package/hls_rules.h"
#include "tests/package/sample.h"

namespace package {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::UnorderedElementsAre;

Sizes sizes_of(const Presentation& all) {
  Sizes sizes;
  const auto add = [&sizes](const Track& track) {
    for (const Segment& segment : track.segments) {
      sizes[track.id + "/" + segment.name] = segment.bytes;
    }
  };
  for (const VideoTrack& track : all.video) add(track);
  for (const AudioTrack& track : all.audio) add(track);
  for (const Captions& captions : all.captions) sizes["captions/" + captions.name] = captions.bytes;
  return sizes;
}

// What the rules find wrong once `from` has become `to` in `name`.
std::vector<std::string> broken_after(const std::string& name, const std::string& from,
                                      const std::string& to) {
  Manifests texts = *manifests(sample());
  std::string& text = texts.at(name);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
  if (at == std::string::npos) return {};
  text.replace(at, from.size(), to);
  return name.ends_with(".mpd") ? broken_dash_rules(text)
                                : broken_hls_rules(texts, sizes_of(sample()));
}

TEST(Manifests, AreAllThere) {
  EXPECT_THAT(*manifests(sample()),
              UnorderedElementsAre(Key("master.m3u8"), Key("manifest.mpd"), Key("720p/video.m3u8"),
                                   Key("720p/iframes.m3u8"), Key("360p/video.m3u8"),
                                   Key("360p/iframes.m3u8"), Key("234p/video.m3u8"),
                                   Key("234p/iframes.m3u8"), Key("audio-en/audio.m3u8"),
                                   Key("audio-de/audio.m3u8"), Key("captions/en.m3u8"),
                                   Key("captions/pt-BR.m3u8"), Key("storyboard.vtt")));
}

TEST(Manifests, AreNotWrittenOfWhatIsNoPresentation) {
  EXPECT_EQ(manifests({}).error().code, base::ErrorCode::kInvalid);
}

TEST(Manifests, KeepApplesAndDashIfsRules) {
  const auto texts = *manifests(sample());
  EXPECT_THAT(broken_hls_rules(texts, sizes_of(sample())), IsEmpty());
  EXPECT_THAT(broken_dash_rules(texts.at("manifest.mpd")), IsEmpty());
}

TEST(Manifests, KeepTheRulesInEveryShape) {
  Presentation silent = sample();
  silent.audio.clear();
  silent.captions.clear();
  silent.storyboards.clear();
  Presentation sound = sample();
  sound.video.clear();
  Presentation two_groups = sample();
  for (const char* id : {"fine-en", "fine-de"}) {
    AudioTrack fine =
        sample_audio(id, std::string(id).substr(5), id[5] == 'e' ? "English" : "Deutsch");
    fine.group = "fine";
    fine.codec = "opus";
    two_groups.audio.push_back(std::move(fine));
  }
  Presentation two_codecs = sample();
  two_codecs.video.push_back(sample_video("720p-av1", 1280, 720, 900'000));
  two_codecs.video.back().codec = "av01.0.05M.08";
  Presentation mixed = sample();  // 25 and 50 pictures a second, in ticks of their own.
  mixed.video[0].timescale *= 2;
  mixed.video[0].rate_num = 50;
  for (Segment& segment : mixed.video[0].segments) {
    segment.duration *= 2;
    for (IFrame& frame : segment.i_frames) frame.start *= 2;
  }
  Presentation moment = sample();  // A tenth of a second.
  moment.captions.clear();
  moment.audio.clear();
  moment.storyboards.clear();
  for (VideoTrack& track : moment.video) {
    track.segments.resize(1);
    track.segments[0].duration = track.timescale / 10;
    track.segments[0].i_frames.resize(1);
  }
  for (const Presentation& all : {silent, sound, two_groups, two_codecs, mixed, moment}) {
    const auto texts = manifests(all);
    ASSERT_TRUE(texts) << texts.error().context;
    EXPECT_THAT(broken_hls_rules(*texts, sizes_of(all)), IsEmpty()) << texts->at("master.m3u8");
    EXPECT_THAT(broken_dash_rules(texts->at("manifest.mpd")), IsEmpty())
        << texts->at("manifest.mpd");
  }
}

// The rules themselves must be able to fail.
TEST(HlsRules, FindEachBreach) {
  const auto hls = [](const std::string& from, const std::string& to) {
    return broken_after("master.m3u8", from, to);
  };
  EXPECT_THAT(hls("FRAME-RATE=25.000", "FRAME-RATE=25"), ElementsAre(HasSubstr("not x.xxx")));
  EXPECT_THAT(hls("FRAME-RATE=25.000", "FRAME-RATE=120.000"), ElementsAre(HasSubstr("over 60")));
  EXPECT_THAT(hls("VIDEO-RANGE=SDR", "VIDEO-RANGE=PQ"),
              ElementsAre(HasSubstr("video.m3u8: no VIDEO-RANGE")));
  EXPECT_THAT(hls("VIDEO-RANGE=SDR,URI", "URI"),
              ElementsAre(HasSubstr("iframes.m3u8: no VIDEO-RANGE")));
  EXPECT_THAT(hls("BANDWIDTH=3", "BANDWIDTH=4"),
              ElementsAre(HasSubstr("within 10 % of BANDWIDTH")));
  EXPECT_THAT(hls("INDEPENDENT", "DEPENDENT"), ElementsAre(HasSubstr("grammar")));
  EXPECT_THAT(hls("#EXT-X-INDEPENDENT-SEGMENTS\n", ""), ElementsAre(HasSubstr("independent")));
  EXPECT_THAT(hls("AUDIO=\"audio\"", "AUDIO=\"x\""),
              testing::Contains(HasSubstr("no group of sound")));
  EXPECT_THAT(hls("SUBTITLES=\"captions\"", "SUBTITLES=\"x\""),
              ElementsAre(HasSubstr("group of captions")));
  EXPECT_THAT(hls("DEFAULT=YES", "DEFAULT=NO"), ElementsAre(HasSubstr("not one default")));
  EXPECT_THAT(hls("NAME=\"Deutsch\"", "NAME=\"English\""),
              testing::Contains(HasSubstr("two of one NAME")));
  EXPECT_THAT(hls("URI=\"720p/iframes", "URI=\"360p/iframes"), testing::Not(IsEmpty()));
  EXPECT_THAT(hls("CODECS=\"avc1.64001f,mp4a.40.2\"", "CODECS=\"avc1.64001f\""),
              ElementsAre(HasSubstr("leave out the sound")));
  EXPECT_THAT(broken_after("720p/video.m3u8", "TARGETDURATION:4", "TARGETDURATION:3"),
              testing::Contains(HasSubstr("longer than the target")));
  EXPECT_THAT(broken_after("360p/video.m3u8", "EXTINF:4.000000", "EXTINF:4.000100"),
              testing::Contains(HasSubstr("cut at other times")));
  EXPECT_THAT(broken_after("360p/video.m3u8", "#EXT-X-ENDLIST\n", ""),
              ElementsAre(HasSubstr("no VOD")));
  EXPECT_THAT(broken_after("360p/video.m3u8", "0-360p", "9-360p"),
              testing::Contains(HasSubstr("not there")));
  EXPECT_THAT(broken_after("360p/iframes.m3u8", "@182500", "@365000"),
              ElementsAre(HasSubstr("past its segment")));
}

TEST(HlsRules, APeakOverTwiceTheAverageIsFound) {
  Presentation all = sample();
  all.video.resize(1);
  all.video[0].segments[1].bytes *= 10;
  EXPECT_THAT(broken_hls_rules(*manifests(all), sizes_of(all)),
              ElementsAre(HasSubstr("over 200 %")));
}

TEST(DashRules, FindEachBreach) {
  const auto dash = [](const std::string& from, const std::string& to) {
    return broken_after("manifest.mpd", from, to);
  };
  EXPECT_THAT(dash("</Period>", ""), ElementsAre("not well-formed"));
  EXPECT_THAT(dash("duration=\"PT10.000000S\"", "duration=\"PT11.000000S\""),
              ElementsAre(HasSubstr("does not last as long")));
  EXPECT_THAT(dash("<S d=\"51200\"/>", "<S t=\"60000\" d=\"51200\"/>"),
              testing::Contains(HasSubstr("gap or overlap")));
  EXPECT_THAT(dash("<S d=\"51200\"/>", "<S d=\"25600\"/>"),
              testing::Contains(HasSubstr("does not fill the period")));
  EXPECT_THAT(dash("<S d=\"51200\"/>", ""), testing::Contains(HasSubstr("not a time for each")));
  EXPECT_THAT(dash("<S d=\"51200\"/>", "<S d=\"51200\" r=\"1\"/>"),
              testing::Contains(HasSubstr("repeated")));
  EXPECT_THAT(dash("Representation id=\"360p\"", "Representation id=\"720p\""),
              ElementsAre(HasSubstr("two of one id")));
  EXPECT_THAT(dash(" startWithSAP=\"1\"", ""), ElementsAre(HasSubstr("startWithSAP")));
  EXPECT_THAT(dash("codecs=\"avc1", "codecs=\"av01"), ElementsAre(HasSubstr("two codecs")));
}

}  // namespace
}  // namespace package
