#include "package/hls_multivariant.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "package/bit_rate.h"
#include "package/text.h"

namespace package {
namespace {

constexpr std::string_view kCaptionsGroup = "captions";

// The tracks of one GROUP-ID.
struct SoundGroup {
  std::string name;
  std::vector<const AudioTrack*> tracks;
  std::string codecs;  // Of all, each once.
  BitRates rates;      // The largest of any.

  [[nodiscard]] const AudioTrack& chosen() const {
    const auto preferred = std::ranges::find_if(tracks, &AudioTrack::is_default);
    return preferred == tracks.end() ? *tracks.front() : **preferred;
  }
};

std::vector<SoundGroup> groups_of(const std::vector<AudioTrack>& audio) {
  std::vector<SoundGroup> groups;
  for (const AudioTrack& track : audio) {
    auto group = std::ranges::find(groups, track.group, &SoundGroup::name);
    if (group == groups.end()) group = groups.insert(groups.end(), {.name = track.group});
    const BitRates rates = bit_rates(track);
    group->rates.peak = std::max(group->rates.peak, rates.peak);
    group->rates.average = std::max(group->rates.average, rates.average);
    const bool is_new = std::ranges::none_of(
        group->tracks, [&](const AudioTrack* other) { return other->codec == track.codec; });
    if (is_new) group->codecs += (group->codecs.empty() ? "" : ",") + track.codec;
    group->tracks.push_back(&track);
  }
  return groups;
}

// NAMEs of one group must differ (RFC 8216 §4.3.4.1.1).
class Names {
 public:
  std::string take(std::string_view wanted) {
    const std::string base = hls_quoted(wanted.empty() ? "Unnamed" : wanted);
    std::string name = base;
    for (int i = 2; !taken_.insert(name).second; ++i) {
      name = fmt::format("{} {}\"", base.substr(0, base.size() - 1), i);
    }
    return name;
  }

 private:
  std::set<std::string> taken_;
};

std::string language_attribute(std::string_view language) {
  return language.empty() ? "" : ",LANGUAGE=" + hls_quoted(language_tag(language));
}

std::string yes_or_no(bool is) { return is ? "YES" : "NO"; }

std::string media_of(const SoundGroup& group) {
  std::string text;
  Names names;
  for (const AudioTrack* track : group.tracks) {
    text += fmt::format(
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{}\",NAME={}{},DEFAULT={},AUTOSELECT=YES,"
        "CHANNELS=\"{}\",URI=\"{}/audio.m3u8\"\n",
        group.name, names.take(track->name), language_attribute(track->language),
        yes_or_no(track == &group.chosen()), track->channels, track->id);
  }
  return text;
}

std::string media_of(const std::vector<Captions>& all) {
  std::string text;
  Names names;
  for (const Captions& captions : all) {
    text += fmt::format(
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"{}\",NAME={}{},DEFAULT={},AUTOSELECT=YES,"
        "FORCED=NO,URI=\"captions/{}.m3u8\"\n",
        kCaptionsGroup, names.take(captions.label.empty() ? captions.language : captions.label),
        language_attribute(captions.language), yes_or_no(captions.is_default), captions.id);
  }
  return text;
}

std::string rates_attributes(const BitRates& rates) {
  return fmt::format("BANDWIDTH={},AVERAGE-BANDWIDTH={}", rates.peak, rates.average);
}

// FRAME-RATE: to three decimals (§4.3.4.2), in integers so that no locale or rounding mode counts.
std::string frame_rate(const VideoTrack& track) {
  const std::int64_t thousandths = microseconds(track.rate_num, track.rate_den) / 1'000;
  const std::int64_t rounded =
      thousandths + (microseconds(track.rate_num, track.rate_den) % 1'000 >= 500 ? 1 : 0);
  return fmt::format("{}.{:03}", rounded / 1'000, rounded % 1'000);
}

}  // namespace

std::string hls_multivariant(const Presentation& presentation) {
  const std::vector<SoundGroup> groups = groups_of(presentation.audio);
  BitRates captions;
  const std::int64_t whole = std::max<std::int64_t>(1, duration_us(presentation));
  for (const Captions& one : presentation.captions) {
    const Piece piece{whole, one.bytes};
    captions.peak = std::max(captions.peak, bit_rates({&piece, 1}, 1'000'000).peak);
  }
  captions.average = captions.peak;
  const std::string more =
      (presentation.captions.empty() ? "" : fmt::format(",SUBTITLES=\"{}\"", kCaptionsGroup)) +
      ",CLOSED-CAPTIONS=NONE\n";

  std::string text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (!presentation.title.empty()) {
    text += "#EXT-X-SESSION-DATA:DATA-ID=\"com.apple.hls.title\",VALUE=" +
            hls_quoted(presentation.title) + '\n';
  }
  for (const SoundGroup& group : groups) text += media_of(group);
  text += media_of(presentation.captions);

  const auto sum = [&captions](const BitRates& a, const BitRates& b) {
    return rates_attributes(
        {a.peak + b.peak + captions.peak, a.average + b.average + captions.average});
  };
  for (const VideoTrack& track : presentation.video) {
    const BitRates rates = bit_rates(track);
    const std::string picture = fmt::format(",RESOLUTION={}x{},FRAME-RATE={},VIDEO-RANGE=SDR",
                                            track.width, track.height, frame_rate(track));
    const std::string playlist = track.id + "/video.m3u8\n";
    for (const SoundGroup& group : groups) {
      if (!track.sound_group.empty() && track.sound_group != group.name) continue;
      text += fmt::format("#EXT-X-STREAM-INF:{},CODECS=\"{},{}\"{},AUDIO=\"{}\"{}{}",
                          sum(rates, group.rates), track.codec, group.codecs, picture, group.name,
                          more, playlist);
    }
    if (groups.empty()) {
      text += fmt::format("#EXT-X-STREAM-INF:{},CODECS=\"{}\"{}{}{}", sum(rates, {}), track.codec,
                          picture, more, playlist);
    }
  }
  if (presentation.video.empty()) {
    for (const SoundGroup& group : groups) {
      text += fmt::format("#EXT-X-STREAM-INF:{},CODECS=\"{}\",AUDIO=\"{}\"{}{}/audio.m3u8\n",
                          sum(group.rates, {}), group.codecs, group.name, more, group.chosen().id);
    }
  }
  for (const VideoTrack& track : presentation.video) {
    if (!has_i_frames(track)) continue;
    text += fmt::format(
        "#EXT-X-I-FRAME-STREAM-INF:{},CODECS=\"{}\",RESOLUTION={}x{},VIDEO-RANGE=SDR,"
        "URI=\"{}/iframes.m3u8\"\n",
        rates_attributes(bit_rates(i_frame_pieces_of(track), track.timescale)), track.codec,
        track.width, track.height, track.id);
  }
  return text;
}

}  // namespace package
