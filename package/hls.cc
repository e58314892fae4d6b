#include "package/hls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace package {
namespace {

double seconds(std::int64_t duration, std::int64_t timescale) {
  return static_cast<double>(duration) / static_cast<double>(timescale);
}

// What a quoted string of an attribute may not have in it (RFC 8216 §4.2), and what players show.
std::string quoted(std::string_view text) {
  std::string safe = "\"";
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    safe += c == '"' ? '\'' : is_control ? ' ' : c;
  }
  return safe + '"';
}

std::string head(int version, const Track& track, std::int64_t longest) {
  std::string text = fmt::format("#EXTM3U\n#EXT-X-VERSION:{}\n", version);
  // §4.3.3.1: not less than any duration, rounded.
  text += fmt::format("#EXT-X-TARGETDURATION:{}\n",
                      std::max(1l, std::lround(seconds(longest, track.timescale))));
  text += "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  return text;
}

// The rates of a rung's I-frames alone.
BitRates i_frame_rates(const VideoTrack& track) {
  BitRates rates;
  double bits = 0;
  for (const Segment& segment : track.segments) {
    for (std::size_t i = 0; i < segment.i_frames.size(); ++i) {
      const IFrame& frame = segment.i_frames[i];
      const std::int64_t end =
          i + 1 < segment.i_frames.size() ? segment.i_frames[i + 1].start : segment.duration;
      const double size = 8.0 * static_cast<double>(frame.length);
      const double shown = seconds(end - frame.start, track.timescale);
      bits += size;
      // As short as a last one may be: over a second at least.
      rates.peak = std::max(rates.peak, static_cast<std::int64_t>(size / std::max(1.0, shown)));
    }
  }
  const double all = static_cast<double>(duration_us(track)) / 1e6;
  if (all > 0) rates.average = static_cast<std::int64_t>(bits / all);
  rates.peak = std::max({rates.peak, rates.average, std::int64_t{1}});
  return rates;
}

}  // namespace

std::string hls_multivariant(const Presentation& presentation) {
  std::string text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  BitRates sound;
  std::string sound_codec;
  for (const AudioTrack& track : presentation.audio) {
    const bool is_first = &track == &presentation.audio.front();
    text += fmt::format(
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"{}\",DEFAULT={},AUTOSELECT=YES,"
        "CHANNELS=\"{}\",URI=\"{}/audio.m3u8\"\n",
        is_first ? "Default" : track.id, is_first ? "YES" : "NO", track.channels, track.id);
    const BitRates rates = bit_rates(track);
    sound.peak = std::max(sound.peak, rates.peak);
    sound.average = std::max(sound.average, rates.average);
    sound_codec = track.codec;
  }
  for (const Captions& captions : presentation.captions) {
    text += fmt::format(
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME={},LANGUAGE={},DEFAULT=NO,"
        "AUTOSELECT=YES,URI=\"captions/{}.m3u8\"\n",
        quoted(captions.label), quoted(captions.language), captions.language);
  }
  const std::string groups = std::string(presentation.audio.empty() ? "" : ",AUDIO=\"audio\"") +
                             (presentation.captions.empty() ? "" : ",SUBTITLES=\"captions\"");
  for (const VideoTrack& track : presentation.video) {
    const BitRates rates = bit_rates(track);
    const std::string codecs = track.codec + (sound_codec.empty() ? "" : "," + sound_codec);
    text += fmt::format(
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",RESOLUTION={}x{},"
        "FRAME-RATE={:.3f},VIDEO-RANGE=SDR{}\n{}/video.m3u8\n",
        rates.peak + sound.peak, rates.average + sound.average, codecs, track.width, track.height,
        seconds(track.rate_num, track.rate_den), groups, track.id);
  }
  if (presentation.video.empty() && !presentation.audio.empty()) {
    const AudioTrack& track = presentation.audio.front();
    text += fmt::format(
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",AUDIO=\"audio\"{}\n"
        "{}/audio.m3u8\n",
        sound.peak, sound.average, track.codec,
        presentation.captions.empty() ? "" : ",SUBTITLES=\"captions\"", track.id);
  }
  for (const VideoTrack& track : presentation.video) {
    const BitRates rates = i_frame_rates(track);
    text += fmt::format(
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",RESOLUTION={}x{}"
        ","
        "VIDEO-RANGE=SDR,URI=\"{}/iframes.m3u8\"\n",
        rates.peak, rates.average, track.codec, track.width, track.height, track.id);
  }
  return text;
}

std::string hls_media(const Track& track) {
  std::int64_t longest = 0;
  for (const Segment& segment : track.segments) longest = std::max(longest, segment.duration);
  std::string text = head(7, track, longest);
  text += fmt::format("#EXT-X-MAP:URI=\"{}\"\n", track.init);
  for (const Segment& segment : track.segments) {
    text += fmt::format("#EXTINF:{:.6f},\n{}\n", seconds(segment.duration, track.timescale),
                        segment.name);
  }
  return text + "#EXT-X-ENDLIST\n";
}

std::string hls_i_frames(const VideoTrack& track) {
  std::int64_t longest = 0;
  std::string body;
  for (const Segment& segment : track.segments) {
    for (std::size_t i = 0; i < segment.i_frames.size(); ++i) {
      const IFrame& frame = segment.i_frames[i];
      const std::int64_t end =
          i + 1 < segment.i_frames.size() ? segment.i_frames[i + 1].start : segment.duration;
      const std::int64_t shown = end - frame.start;
      longest = std::max(longest, shown);
      body +=
          fmt::format("#EXTINF:{:.6f},\n#EXT-X-BYTERANGE:{}@{}\n{}\n",
                      seconds(shown, track.timescale), frame.length, frame.offset, segment.name);
    }
  }
  std::string text = head(7, track, longest);
  text += "#EXT-X-I-FRAMES-ONLY\n";
  text += fmt::format("#EXT-X-MAP:URI=\"{}\"\n", track.init);
  return text + body + "#EXT-X-ENDLIST\n";
}

std::string hls_captions(const Captions& captions, std::int64_t duration_us) {
  const double length = static_cast<double>(duration_us) / 1e6;
  return fmt::format(
      "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:{:.6f},\n{}\n#EXT-X-ENDLIST\n",
      std::max(1l, std::lround(std::ceil(length))), length, captions.name);
}

}  // namespace package
