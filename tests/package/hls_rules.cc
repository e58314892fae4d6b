#include "tests/package/hls_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "tests/package/playlist_reader.h"

namespace package {
namespace {

struct MediaSegment {
  double start = 0, duration = 0;
  std::string name;
  double bits = 0;
};

struct MediaPlaylist {
  std::map<std::string, std::string> tags;
  std::vector<MediaSegment> segments;
  double end = 0;
  double target = 0;

  [[nodiscard]] double average() const {
    double bits = 0;
    for (const MediaSegment& segment : segments) bits += segment.bits;
    return bits / end;
  }

  // Of any run that lasts 0.5 to 1.5 target durations.
  [[nodiscard]] double peak() const {
    double most = 0;
    for (std::size_t first = 0; first < segments.size(); ++first) {
      double bits = 0;
      for (std::size_t last = first; last < segments.size(); ++last) {
        bits += segments[last].bits;
        const double duration =
            segments[last].start + segments[last].duration - segments[first].start;
        if (duration > 1.5 * target + 1e-5) break;
        if (duration >= 0.5 * target - 1e-5) most = std::max(most, bits / duration);
      }
    }
    return std::max(most, average());
  }
};

bool within_a_tenth(double a, double b) { return std::abs(a - b) <= 0.1 * std::max(a, b); }

std::string value_of(const Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : found->second;
}

double number(const std::string& text) { return text.empty() ? 0 : std::stod(text); }

class Judge {
 public:
  Judge(const Manifests& manifests, const Sizes& sizes) : manifests_(manifests), sizes_(sizes) {}

  std::vector<std::string> judge() {
    const auto lines = lines_of("master.m3u8");
    if (!lines) return broken_;
    bool is_independent = false;
    for (const PlaylistLine& line : *lines) {
      is_independent = is_independent || line.tag == "EXT-X-INDEPENDENT-SEGMENTS";
      if (line.tag == "EXT-X-MEDIA") media_.push_back(*read_attributes(line.value));
    }
    expect(is_independent, "segments are not declared independent");
    check_groups();
    std::set<std::string> i_frame_resolutions;
    for (std::size_t i = 0; i < lines->size(); ++i) {
      const PlaylistLine& line = (*lines)[i];
      if (line.tag == "EXT-X-I-FRAME-STREAM-INF") {
        const Attributes about = *read_attributes(line.value);
        i_frame_resolutions.insert(value_of(about, "RESOLUTION"));
        check_i_frames(about);
      } else if (line.tag == "EXT-X-STREAM-INF") {
        check_variant(*read_attributes(line.value), (*lines)[i + 1].value);
      }
    }
    expect(i_frame_resolutions == resolutions_, "I-frame playlists are not those of the rungs");
    return broken_;
  }

 private:
  void expect(bool holds, std::string sentence) {
    if (!holds) broken_.push_back(std::move(sentence));
  }

  std::optional<std::vector<PlaylistLine>> lines_of(const std::string& name) {
    const auto text = manifests_.find(name);
    auto lines = text == manifests_.end() ? std::nullopt : read_playlist(text->second);
    expect(lines.has_value(), name + " is not there, or not in the grammar");
    return lines;
  }

  // Checks what every media playlist must have.
  std::optional<MediaPlaylist> media_playlist(const std::string& name) {
    const auto lines = lines_of(name);
    if (!lines) return std::nullopt;
    const std::string directory = name.substr(0, name.find('/') + 1);
    MediaPlaylist playlist;
    MediaSegment next;
    std::string range;
    for (const PlaylistLine& line : *lines) {
      if (line.tag == "EXTINF") {
        next = {.start = playlist.end, .duration = std::stod(line.value)};
        expect(line.value.size() - line.value.find('.') >= 5, name + ": EXTINF is too coarse");
      } else if (line.tag == "EXT-X-BYTERANGE") {
        range = line.value;
      } else if (line.tag.empty()) {
        next.name = line.value;
        const auto size = sizes_.find(directory + line.value);
        expect(size != sizes_.end(), name + ": names what is not there: " + line.value);
        next.bits = size == sizes_.end() ? 0 : 8.0 * static_cast<double>(size->second);
        if (!range.empty()) {
          const double length = std::stod(range);
          const double offset = std::stod(range.substr(range.find('@') + 1));
          expect((offset + length) * 8 <= next.bits, name + ": a range goes past its segment");
          next.bits = 8 * length;
          range.clear();
        }
        playlist.end += next.duration;
        playlist.segments.push_back(next);
      } else {
        playlist.tags.emplace(line.tag, line.value);
      }
    }
    playlist.target = number(playlist.tags["EXT-X-TARGETDURATION"]);
    for (const MediaSegment& segment : playlist.segments) {
      expect(std::round(segment.duration) <= playlist.target,
             name + ": a segment is longer than the target duration");
    }
    expect(!playlist.segments.empty(), name + ": has no segments");
    expect(playlist.tags.contains("EXT-X-VERSION"), name + ": has no version");
    expect(playlist.tags["EXT-X-PLAYLIST-TYPE"] == "VOD" && playlist.tags.contains("EXT-X-ENDLIST"),
           name + ": is no VOD");
    return playlist.segments.empty() ? std::nullopt : std::optional(playlist);
  }

  void check_rates(const std::string& what, const Attributes& about, double peak, double average) {
    expect(within_a_tenth(peak, number(value_of(about, "BANDWIDTH"))),
           what + ": the peak is not within 10 % of BANDWIDTH");
    expect(peak <= number(value_of(about, "BANDWIDTH")) + 1, what + ": the peak is over BANDWIDTH");
    expect(within_a_tenth(average, number(value_of(about, "AVERAGE-BANDWIDTH"))),
           what + ": the average is not within 10 % of AVERAGE-BANDWIDTH");
    expect(peak <= 2 * average, what + ": the peak is over 200 % of the average");
  }

  void check_i_frames(const Attributes& about) {
    const std::string uri = value_of(about, "URI");
    const auto playlist = media_playlist(uri);
    if (!playlist) return;
    expect(playlist->tags.contains("EXT-X-I-FRAMES-ONLY"), uri + ": is not of I-frames only");
    expect(playlist->tags.contains("EXT-X-MAP"), uri + ": has no init segment");
    expect(value_of(about, "VIDEO-RANGE") == "SDR", uri + ": no VIDEO-RANGE");
    check_rates(uri, about, playlist->peak(), playlist->average());
    for (const MediaSegment& frame : playlist->segments) {
      expect(frame.duration <= 2.1, uri + ": I-frames are more than 2 s apart");
    }
    i_frame_ends_.push_back(playlist->end);
  }

  void check_groups() {
    using Rendition = std::pair<std::string, std::string>;
    std::map<std::string, std::multiset<Rendition>> sounds;
    std::map<std::string, int> defaults;
    for (const Attributes& media : media_) {
      const std::string group = value_of(media, "TYPE") + " " + value_of(media, "GROUP-ID");
      defaults[group] += value_of(media, "DEFAULT") == "YES" ? 1 : 0;
      expect(!value_of(media, "NAME").empty() && media.contains("URI"), group + ": no name or URI");
      if (value_of(media, "TYPE") != "AUDIO") {
        expect(media.contains("LANGUAGE"), group + ": captions without a language");
        media_playlist(value_of(media, "URI"));
        continue;
      }
      sounds[group].insert({value_of(media, "NAME"), value_of(media, "LANGUAGE")});
      expect(media.contains("CHANNELS"), group + ": sound without CHANNELS");
      const auto playlist = media_playlist(value_of(media, "URI"));
      if (!playlist) continue;
      expect(playlist->tags.contains("EXT-X-MAP"), group + ": has no init segment");
      MediaPlaylist& most = sound_[value_of(media, "GROUP-ID")];
      if (most.segments.empty() || most.peak() < playlist->peak()) most = *playlist;
    }
    for (const auto& [group, renditions] : sounds) {
      expect(renditions == sounds.begin()->second, group + ": differs from the other groups");
      expect(defaults[group] == 1, group + ": has not one default");
      for (const Rendition& rendition : renditions) {
        expect(std::ranges::count(renditions, rendition.first, &Rendition::first) == 1,
               group + ": two of one NAME");
      }
    }
    for (const auto& [group, count] : defaults) expect(count <= 1, group + ": two defaults");
  }

  void check_variant(const Attributes& about, const std::string& uri) {
    for (const char* name : {"BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS"}) {
      expect(about.contains(name), uri + ": no " + name);
    }
    const auto playlist = media_playlist(uri);
    if (!playlist) return;
    expect(playlist->tags.contains("EXT-X-MAP"), uri + ": has no init segment");
    double peak = playlist->peak();
    double average = playlist->average();
    const std::string group = value_of(about, "AUDIO");
    const bool is_video = about.contains("RESOLUTION");
    if (!group.empty()) {
      expect(sound_.contains(group), uri + ": names no group of sound");
      if (is_video) {
        peak += sound_[group].peak();
        average += sound_[group].average();
        expect(value_of(about, "CODECS").contains(','), uri + ": CODECS leave out the sound");
        expect(std::abs(sound_[group].end - playlist->end) < 0.1,
               uri + ": picture and sound do not end together");
      }
    }
    if (const std::string captions = value_of(about, "SUBTITLES"); !captions.empty()) {
      expect(std::ranges::any_of(media_,
                                 [&](const Attributes& media) {
                                   return value_of(media, "TYPE") == "SUBTITLES" &&
                                          value_of(media, "GROUP-ID") == captions;
                                 }),
             uri + ": names no group of captions");
    }
    check_rates(uri, about, peak, average);
    if (is_video) check_picture(about, uri, *playlist);
  }

  void check_picture(const Attributes& about, const std::string& uri,
                     const MediaPlaylist& playlist) {
    resolutions_.insert(value_of(about, "RESOLUTION"));
    const std::string rate = value_of(about, "FRAME-RATE");
    expect(rate.size() >= 5 && rate[rate.size() - 4] == '.', uri + ": FRAME-RATE is not x.xxx");
    expect(number(rate) > 0 && number(rate) <= 60, uri + ": FRAME-RATE is over 60");
    expect(value_of(about, "VIDEO-RANGE") == "SDR", uri + ": no VIDEO-RANGE");
    std::vector<double> ends;
    for (const MediaSegment& segment : playlist.segments) {
      ends.push_back(segment.start + segment.duration);
    }
    if (ends_.empty()) ends_ = ends;
    const bool is_aligned =
        std::ranges::equal(ends_, ends, [](double a, double b) { return std::abs(a - b) < 2e-6; });
    expect(is_aligned, uri + ": is cut at other times than the first rung");
    for (const double end : i_frame_ends_) {
      expect(std::abs(end - playlist.end) < 2e-6, uri + ": I-frames end at another time");
    }
  }

  const Manifests& manifests_;
  const Sizes& sizes_;
  std::vector<std::string> broken_;
  std::vector<Attributes> media_;               // Of every EXT-X-MEDIA.
  std::map<std::string, MediaPlaylist> sound_;  // Group → its largest.
  std::vector<double> ends_;                    // Of the first rung's segments.
  std::vector<double> i_frame_ends_;
  std::set<std::string> resolutions_;
};

}  // namespace

std::vector<std::string> broken_hls_rules(const Manifests& manifests, const Sizes& sizes) {
  return Judge(manifests, sizes).judge();
}

}  // namespace package
