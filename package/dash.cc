#include "package/dash.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

namespace package {
namespace {

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&apos;";
        break;
      default:
        safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return safe;
}

std::string segment_list(const Track& track) {
  std::string text = fmt::format(
      "        <SegmentList timescale=\"{}\">\n"
      "          <Initialization sourceURL=\"{}/{}\"/>\n"
      "          <SegmentTimeline>\n",
      track.timescale, track.id, track.init);
  // Runs of equal durations are one element.
  std::int64_t at = 0;
  for (std::size_t i = 0; i < track.segments.size();) {
    std::size_t run = 1;
    const std::int64_t duration = track.segments[i].duration;
    while (i + run < track.segments.size() && track.segments[i + run].duration == duration) ++run;
    text += fmt::format("            <S t=\"{}\" d=\"{}\"", at, duration);
    if (run > 1) text += fmt::format(" r=\"{}\"", run - 1);
    text += "/>\n";
    at += duration * static_cast<std::int64_t>(run);
    i += run;
  }
  text += "          </SegmentTimeline>\n";
  for (const Segment& segment : track.segments) {
    text += fmt::format("          <SegmentURL media=\"{}/{}\"/>\n", track.id, segment.name);
  }
  return text + "        </SegmentList>\n";
}

}  // namespace

std::string dash_mpd(const Presentation& presentation) {
  std::int64_t duration = 0;
  std::int64_t longest_us = 1'000'000;
  const auto measure = [&](const Track& track) {
    duration = std::max(duration, duration_us(track));
    for (const Segment& segment : track.segments) {
      longest_us = std::max(longest_us, segment.duration * 1'000'000 / track.timescale);
    }
  };
  for (const AudioTrack& track : presentation.audio) measure(track);
  // Sound ends with one of its own frames, a little behind the picture.
  if (!presentation.video.empty()) duration = 0;
  for (const VideoTrack& track : presentation.video) measure(track);

  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
      "profiles=\"urn:mpeg:dash:profile:isoff-main:2011\" "
      "type=\"static\" mediaPresentationDuration=\"PT{:.6f}S\" maxSegmentDuration=\"PT{:.3f}S\" "
      "minBufferTime=\"PT4S\">\n"
      "  <Period id=\"0\" start=\"PT0S\">\n",
      static_cast<double>(duration) / 1e6, static_cast<double>(longest_us) / 1e6);
  if (!presentation.video.empty()) {
    const VideoTrack& top = presentation.video.back();
    text += fmt::format(
        "    <AdaptationSet id=\"0\" contentType=\"video\" mimeType=\"video/mp4\" "
        "segmentAlignment=\"true\" startWithSAP=\"1\" maxWidth=\"{}\" maxHeight=\"{}\">\n",
        top.width, top.height);
    for (const VideoTrack& track : presentation.video) {
      text += fmt::format(
          "      <Representation id=\"{}\" bandwidth=\"{}\" codecs=\"{}\" width=\"{}\" "
          "height=\"{}\" "
          "frameRate=\"{}/{}\">\n{}      </Representation>\n",
          track.id, bit_rates(track).peak, track.codec, track.width, track.height,
          track.rate_num / std::gcd(track.rate_num, track.rate_den),
          track.rate_den / std::gcd(track.rate_num, track.rate_den), segment_list(track));
    }
    text += "    </AdaptationSet>\n";
  }
  for (const AudioTrack& track : presentation.audio) {
    text += fmt::format(
        "    <AdaptationSet id=\"1\" contentType=\"audio\" mimeType=\"audio/mp4\" "
        "segmentAlignment=\"true\" startWithSAP=\"1\">\n"
        "      <Representation id=\"{}\" bandwidth=\"{}\" codecs=\"{}\" audioSamplingRate=\"{}\">\n"
        "        <AudioChannelConfiguration "
        "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"{}\"/>\n"
        "{}      </Representation>\n    </AdaptationSet>\n",
        track.id, bit_rates(track).peak, track.codec, track.sample_rate, track.channels,
        segment_list(track));
  }
  for (const Captions& captions : presentation.captions) {
    text += fmt::format(
        "    <AdaptationSet contentType=\"text\" mimeType=\"text/vtt\" lang=\"{}\">\n"
        "      <Label>{}</Label>\n"
        "      <Representation id=\"captions-{}\" bandwidth=\"1000\">\n"
        "        <BaseURL>captions/{}</BaseURL>\n"
        "      </Representation>\n    </AdaptationSet>\n",
        escaped(captions.language), escaped(captions.label), escaped(captions.language),
        escaped(captions.name));
  }
  return text + "  </Period>\n</MPD>\n";
}

}  // namespace package
