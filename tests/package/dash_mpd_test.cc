#include "package/dash_mpd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/package/sample.h"
#include "tests/package/xml_reader.h"

namespace package {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(DashMpd, IsWrittenLikeThis) {
  Presentation all = sample();
  all.video.resize(1);
  all.audio.resize(1);
  all.captions.resize(1);
  EXPECT_EQ(dash_mpd(all),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-main:2011" type="static" mediaPresentationDuration="PT10.000000S" maxSegmentDuration="PT4.010667S" minBufferTime="PT4.010667S">
  <ProgramInformation><Title>Rivers &amp; &quot;mills&quot;</Title></ProgramInformation>
  <Period id="0" start="PT0S" duration="PT10.000000S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720">
      <SegmentList timescale="12800"><SegmentTimeline><S t="0" d="51200"/><S d="51200"/><S d="25600"/></SegmentTimeline></SegmentList>
      <Representation id="720p" bandwidth="3000000" codecs="avc1.64001f" width="1280" height="720" frameRate="25" sar="1:1">
        <BaseURL>720p/</BaseURL>
        <SegmentList timescale="12800">
          <Initialization sourceURL="init-720p.mp4"/>
          <SegmentURL media="0-720p.m4s"/>
          <SegmentURL media="1-720p.m4s"/>
          <SegmentURL media="2-720p.m4s"/>
        </SegmentList>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
      <Label>English</Label>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentList timescale="48000"><SegmentTimeline><S t="0" d="192512"/><S d="191488"/><S d="96256"/></SegmentTimeline></SegmentList>
      <Representation id="audio-en" bandwidth="127875" codecs="mp4a.40.2" audioSamplingRate="48000">
        <BaseURL>audio-en/</BaseURL>
        <SegmentList timescale="48000">
          <Initialization sourceURL="init-audio-en.mp4"/>
          <SegmentURL media="0-audio-en.m4s"/>
          <SegmentURL media="1-audio-en.m4s"/>
          <SegmentURL media="2-audio-en.m4s"/>
        </SegmentList>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="3" contentType="text" mimeType="text/vtt" lang="en">
      <Label>English</Label>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/>
      <Representation id="captions.en" bandwidth="720">
        <BaseURL>captions/en-0f.vtt</BaseURL>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="4" contentType="image" mimeType="image/jpeg">
      <Representation id="storyboard.4" bandwidth="32000" width="320" height="180">
        <EssentialProperty schemeIdUri="http://dashif.org/guidelines/thumbnail_tile" value="2x2"/>
        <SegmentList timescale="1000000">
          <SegmentTimeline><S t="0" d="8000000"/><S d="8000000"/></SegmentTimeline>
          <SegmentURL media="storyboard/a.jpg"/>
          <SegmentURL media="storyboard/b.jpg"/>
        </SegmentList>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
)");
}

std::vector<std::string> set_codecs(const Presentation& all) {
  std::vector<std::string> codecs;
  const auto mpd = XmlReader::read(dash_mpd(all));
  for (const XmlNode* set : mpd->child("Period")->all("AdaptationSet")) {
    if (set->at("contentType") == "video") {
      codecs.push_back(set->child("Representation")->at("codecs").substr(0, 4));
    }
  }
  return codecs;
}

TEST(DashMpd, EachCodecHasASetOfItsOwn) {
  Presentation all = sample();
  all.video.push_back(sample_video("720p-av1", 1280, 720, 900'000));
  all.video.back().codec = "av01.0.05M.08";
  EXPECT_THAT(set_codecs(all), ElementsAre("avc1", "av01"));
}

TEST(DashMpd, TracksOfDifferentTimescalesHaveTimelinesOfTheirOwn) {
  Presentation all = sample();
  all.video[0].timescale *= 2;
  for (Segment& segment : all.video[0].segments) segment.duration *= 2;
  const auto mpd = XmlReader::read(dash_mpd(all));
  const XmlNode* set = mpd->child("Period")->child("AdaptationSet");
  EXPECT_EQ(set->child("SegmentList"), nullptr);
  EXPECT_EQ(set->at("segmentAlignment"), "true");
  for (const XmlNode* track : set->all("Representation")) {
    EXPECT_NE(track->child("SegmentList")->child("SegmentTimeline"), nullptr);
  }
}

TEST(DashMpd, SoundsOfDifferentCutsAreNotSaidToBeAligned) {
  Presentation all = sample();
  all.audio[1].language = "en";
  all.audio[1].name = "English";
  EXPECT_THAT(dash_mpd(all), HasSubstr("lang=\"en\" segmentAlignment=\"true\""));
  std::swap(all.audio[1].segments[0], all.audio[1].segments[1]);
  EXPECT_THAT(dash_mpd(all), HasSubstr("lang=\"en\" startWithSAP=\"1\""));
}

TEST(DashMpd, ChannelsAreNamedByTheirLayout) {
  const auto layout = [](int channels) {
    Presentation all = sample();
    all.audio[0].channels = channels;
    const auto mpd = XmlReader::read(dash_mpd(all));
    const XmlNode* set = mpd->child("Period")->all("AdaptationSet")[1];
    const XmlNode* configuration = set->child("AudioChannelConfiguration");
    return configuration == nullptr ? "" : configuration->at("value");
  };
  EXPECT_EQ(layout(1), "1");
  EXPECT_EQ(layout(6), "6");
  EXPECT_EQ(layout(8), "12");
  EXPECT_EQ(layout(24), "");
}

TEST(DashMpd, TextCannotBecomeMarkup) {
  Presentation all = sample();
  all.title = "</Title><BaseURL>http://elsewhere/</BaseURL>\x01\xff";
  all.captions[0].label = "<script>";
  all.captions[0].language = "\"/><x y=\"";
  all.video[0].segments[0].name = "a\"/><SegmentURL media=\"b";
  const std::string text = dash_mpd(all);
  const auto mpd = XmlReader::read(text);
  ASSERT_TRUE(mpd) << text;
  EXPECT_EQ(mpd->child("ProgramInformation")->child("Title")->text,
            "</Title><BaseURL>http://elsewhere/</BaseURL> \xef\xbf\xbd");
  EXPECT_THAT(text, HasSubstr("a%22/%3E%3CSegmentURL%20media=%22b\"/>"));
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
}

TEST(DashMpd, FrameRatesAreFractionsInLowestTerms) {
  Presentation all = sample();
  all.video[0].rate_num = 60'000;
  all.video[0].rate_den = 2'002;
  EXPECT_THAT(dash_mpd(all), HasSubstr("frameRate=\"30000/1001\""));
}

TEST(DashMpd, TheSameSoundInTwoCodecsIsTheMainOneTwice) {
  Presentation all;
  all.audio = {sample_audio("audio", "", "Default"), sample_audio("audio-opus", "", "Default")};
  all.audio[1].codec = "opus";
  const std::string text = dash_mpd(all);
  EXPECT_THAT(text, HasSubstr("codecs=\"opus\""));
  EXPECT_THAT(text, Not(HasSubstr("alternate")));
}

}  // namespace
}  // namespace package
