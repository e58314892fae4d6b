#include "package/dash_mpd.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>
#include <vector>

#include "package/bit_rate.h"
#include "package/text.h"

namespace package {
namespace {

constexpr std::string_view kRoles = "urn:mpeg:dash:role:2011";
constexpr std::string_view kChannels = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
constexpr std::string_view kTiles = "http://dashif.org/guidelines/thumbnail_tile";

// ISO 8601: "PT61.500000S".
std::string duration_text(std::int64_t us) {
  return fmt::format("PT{}.{:06}S", us / 1'000'000, us % 1'000'000);
}

// "avc1" of "avc1.64001f": what decoders are told apart by.
std::string_view family(std::string_view codec) { return codec.substr(0, codec.find('.')); }

// Tracks that a player may change between without a break, in one AdaptationSet.
template <class AnyTrack, class Same>
std::vector<std::vector<const AnyTrack*>> sets_of(const std::vector<AnyTrack>& tracks, Same same) {
  std::vector<std::vector<const AnyTrack*>> sets;
  for (const AnyTrack& track : tracks) {
    const auto set =
        std::ranges::find_if(sets, [&](const auto& other) { return same(*other.front(), track); });
    if (set == sets.end()) {
      sets.push_back({&track});
    } else {
      set->push_back(&track);
    }
  }
  return sets;
}

bool have_one_timeline(const Track& a, const Track& b) {
  return a.timescale == b.timescale &&
         std::ranges::equal(a.segments, b.segments, {}, &Segment::duration, &Segment::duration);
}

// One S for each segment and never @r: dash.js (5.2) takes the SegmentURL by the number of the S.
std::string timeline(const Track& track) {
  std::string text = "<SegmentTimeline>";
  for (std::size_t i = 0; i < track.segments.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "<S{} d=\"{}\"/>", i == 0 ? " t=\"0\"" : "",
                   track.segments[i].duration);
  }
  return text + "</SegmentTimeline>";
}

// Of one set: the timeline stands at the set when all share it, which is also where FFmpeg's
// demuxer looks for it.
class SegmentLists {
 public:
  template <class AnyTrack>
  explicit SegmentLists(const std::vector<const AnyTrack*>& set)
      : is_shared_(std::ranges::all_of(
            set, [&](const Track* track) { return have_one_timeline(*set.front(), *track); })) {
    if (is_shared_) {
      for_set_ = fmt::format("      <SegmentList timescale=\"{}\">{}</SegmentList>\n",
                             set.front()->timescale, timeline(*set.front()));
    }
  }

  [[nodiscard]] bool is_shared() const { return is_shared_; }
  [[nodiscard]] const std::string& for_set() const { return for_set_; }
  [[nodiscard]] std::string for_track(const Track& track) const {
    std::string text = fmt::format(
        "        <BaseURL>{}/</BaseURL>\n"
        "        <SegmentList timescale=\"{}\">\n"
        "          <Initialization sourceURL=\"{}\"/>\n",
        track.id, track.timescale, xml_text(uri(track.init)));
    if (!is_shared_) text += "          " + timeline(track) + '\n';
    for (const Segment& segment : track.segments) {
      text += "          <SegmentURL media=\"" + xml_text(uri(segment.name)) + "\"/>\n";
    }
    return text + "        </SegmentList>\n";
  }

 private:
  bool is_shared_;
  std::string for_set_;
};

class Writer {
 public:
  explicit Writer(const Presentation& presentation) : all_(presentation) {}

  std::string write() {
    const std::int64_t whole = duration_us(all_);
    std::int64_t longest_us = 1'000'000;
    const auto measure = [&longest_us](const Track& track) {
      for (const Segment& segment : track.segments) {
        longest_us = std::max(longest_us, microseconds(segment.duration, track.timescale));
      }
    };
    std::ranges::for_each(all_.video, measure);
    std::ranges::for_each(all_.audio, measure);

    text_ = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
        "profiles=\"urn:mpeg:dash:profile:isoff-main:2011\" type=\"static\" "
        "mediaPresentationDuration=\"{}\" maxSegmentDuration=\"{}\" minBufferTime=\"{}\">\n",
        duration_text(whole), duration_text(longest_us), duration_text(longest_us));
    if (!all_.title.empty()) {
      text_ += "  <ProgramInformation><Title>" + xml_text(all_.title) +
               "</Title></ProgramInformation>\n";
    }
    text_ +=
        fmt::format("  <Period id=\"0\" start=\"PT0S\" duration=\"{}\">\n", duration_text(whole));
    write_video();
    write_audio();
    for (const Captions& captions : all_.captions) write_captions(captions, whole);
    for (const Storyboard& board : all_.storyboards) write_storyboard(board, whole);
    return text_ + "  </Period>\n</MPD>\n";
  }

 private:
  void open_set(std::string_view content, std::string_view mime, std::string_view more) {
    text_ += fmt::format("    <AdaptationSet id=\"{}\" contentType=\"{}\" mimeType=\"{}\"{}>\n",
                         ++sets_, content, mime, more);
  }
  void close_set() { text_ += "    </AdaptationSet>\n"; }

  // Segments of different tracks end at the same instants if they share a timeline, or (video) by
  // verify().
  static std::string alignment(bool is_aligned) {
    return is_aligned ? " segmentAlignment=\"true\" startWithSAP=\"1\"" : " startWithSAP=\"1\"";
  }

  void write_video() {
    const auto sets = sets_of(all_.video, [](const VideoTrack& a, const VideoTrack& b) {
      return family(a.codec) == family(b.codec);
    });
    for (const auto& set : sets) {
      const SegmentLists lists(set);
      int width = 0;
      int height = 0;
      for (const VideoTrack* track : set) {
        width = std::max(width, track->width);
        height = std::max(height, track->height);
      }
      open_set("video", "video/mp4",
               fmt::format("{} maxWidth=\"{}\" maxHeight=\"{}\"", alignment(true), width, height));
      text_ += lists.for_set();
      for (const VideoTrack* track : set) {
        const std::int64_t divisor = std::gcd(track->rate_num, track->rate_den);
        const std::int64_t denominator = track->rate_den / divisor;
        text_ += fmt::format(
            "      <Representation id=\"{}\" bandwidth=\"{}\" codecs=\"{}\" width=\"{}\" "
            "height=\"{}\" frameRate=\"{}{}\" sar=\"1:1\">\n{}      </Representation>\n",
            track->id, bit_rates(*track).peak, track->codec, track->width, track->height,
            track->rate_num / divisor, denominator == 1 ? "" : fmt::format("/{}", denominator),
            lists.for_track(*track));
      }
      close_set();
    }
  }

  // ISO/IEC 23091-3; none: no layout of so many channels that players expect.
  static int channel_configuration(int channels) {
    if (channels >= 1 && channels <= 6) return channels;
    return channels == 7 ? 11 : channels == 8 ? 12 : 0;
  }

  void write_audio() {
    const auto sets = sets_of(all_.audio, [](const AudioTrack& a, const AudioTrack& b) {
      return family(a.codec) == family(b.codec) && a.language == b.language && a.name == b.name &&
             a.channels == b.channels;
    });
    // What a player begins with.
    const auto chosen = std::ranges::find_if(all_.audio, &AudioTrack::is_default);
    const AudioTrack* first = chosen != all_.audio.end() ? &*chosen
                              : all_.audio.empty()       ? nullptr
                                                         : &all_.audio.front();
    for (const auto& set : sets) {
      const SegmentLists lists(set);
      const AudioTrack& one = *set.front();
      const bool is_main = one.language == first->language && one.name == first->name;
      open_set(
          "audio", "audio/mp4",
          (one.language.empty() ? "" : fmt::format(" lang=\"{}\"", language_tag(one.language))) +
              alignment(lists.is_shared()));
      if (const int configuration = channel_configuration(one.channels); configuration != 0) {
        text_ += fmt::format("      <AudioChannelConfiguration schemeIdUri=\"{}\" value=\"{}\"/>\n",
                             kChannels, configuration);
      }
      if (!one.name.empty()) text_ += "      <Label>" + xml_text(one.name) + "</Label>\n";
      text_ += fmt::format("      <Role schemeIdUri=\"{}\" value=\"{}\"/>\n", kRoles,
                           is_main ? "main" : "alternate");
      text_ += lists.for_set();
      for (const AudioTrack* track : set) {
        text_ += fmt::format(
            "      <Representation id=\"{}\" bandwidth=\"{}\" codecs=\"{}\" "
            "audioSamplingRate=\"{}\">\n{}      </Representation>\n",
            track->id, bit_rates(*track).peak, track->codec, track->sample_rate,
            lists.for_track(*track));
      }
      close_set();
    }
  }

  static std::int64_t rate_over(std::uint64_t bytes, std::int64_t us) {
    const Piece piece{std::max<std::int64_t>(1, us), bytes};
    return bit_rates({&piece, 1}, 1'000'000).peak;
  }

  void write_captions(const Captions& captions, std::int64_t whole) {
    open_set("text", "text/vtt", fmt::format(" lang=\"{}\"", language_tag(captions.language)));
    if (!captions.label.empty()) {
      text_ += "      <Label>" + xml_text(captions.label) + "</Label>\n";
    }
    text_ += fmt::format(
        "      <Role schemeIdUri=\"{}\" value=\"subtitle\"/>\n"
        "      <Representation id=\"captions.{}\" bandwidth=\"{}\">\n"
        "        <BaseURL>captions/{}</BaseURL>\n      </Representation>\n",
        kRoles, captions.id, rate_over(captions.bytes, whole), xml_text(uri(captions.name)));
    close_set();
  }

  // Every sheet is said to last as long as a full one, the last included: players find a tile by
  // dividing the sheet's time by its tiles.
  void write_storyboard(const Storyboard& board, std::int64_t whole) {
    const std::string_view name = board.sheets.front();
    open_set("image",
             name.ends_with(".webp")  ? "image/webp"
             : name.ends_with(".png") ? "image/png"
                                      : "image/jpeg",
             "");
    text_ += fmt::format(
        "      <Representation id=\"storyboard.{}\" bandwidth=\"{}\" width=\"{}\" "
        "height=\"{}\">\n"
        "        <EssentialProperty schemeIdUri=\"{}\" value=\"{}x{}\"/>\n"
        "        <SegmentList timescale=\"1000000\">\n          <SegmentTimeline>",
        sets_, rate_over(board.bytes, whole), board.tile_width * board.columns,
        board.tile_height * board.rows, kTiles, board.columns, board.rows);
    for (std::size_t i = 0; i < board.sheets.size(); ++i) {
      text_ += fmt::format("<S{} d=\"{}\"/>", i == 0 ? " t=\"0\"" : "",
                           board.interval_us * board.columns * board.rows);
    }
    text_ += "</SegmentTimeline>\n";
    for (const std::string& sheet : board.sheets) {
      text_ += "          <SegmentURL media=\"" + xml_text(uri(sheet)) + "\"/>\n";
    }
    text_ += "        </SegmentList>\n      </Representation>\n";
    close_set();
  }

  const Presentation& all_;
  std::string text_;
  int sets_ = 0;
};

}  // namespace

std::string dash_mpd(const Presentation& presentation) { return Writer(presentation).write(); }

}  // namespace package
