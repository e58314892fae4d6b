#include "tests/package/dash_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/package/xml_reader.h"

namespace package {
namespace {

double seconds_of(const std::string& duration) {
  return duration.starts_with("PT") && duration.ends_with('S')
             ? std::stod(duration.substr(2, duration.size() - 3))
             : -1;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 16 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class Judge {
 public:
  explicit Judge(const XmlNode& mpd) : mpd_(mpd) {}

  std::vector<std::string> judge() {
    expect(mpd_.name == "MPD" && mpd_.at("type") == "static", "not a static MPD");
    expect(mpd_.at("xmlns") == "urn:mpeg:dash:schema:mpd:2011", "not DASH's namespace");
    expect(!mpd_.at("profiles").empty(), "no profiles");
    expect(seconds_of(mpd_.at("minBufferTime")) > 0, "no minBufferTime");
    const auto periods = mpd_.all("Period");
    expect(periods.size() == 1, "not one Period");
    if (periods.size() != 1) return broken_;
    whole_ = seconds_of(mpd_.at("mediaPresentationDuration"));
    expect(whole_ > 0 && whole_ == seconds_of(periods[0]->at("duration")),
           "the period does not last as long as the presentation");
    for (const XmlNode* set : periods[0]->all("AdaptationSet")) check_set(*set);
    expect(!ids_.empty(), "no representations");
    return broken_;
  }

 private:
  void expect(bool holds, std::string sentence) {
    if (!holds) broken_.push_back(std::move(sentence));
  }

  void check_set(const XmlNode& set) {
    const std::string content = set.at("contentType");
    expect(is_number(set.at("id")) && set_ids_.insert(set.at("id")).second,
           "two sets of one id, or none");
    const bool is_media = content == "video" || content == "audio";
    expect(set.at("mimeType") == (is_media            ? content + "/mp4"
                                  : content == "text" ? "text/vtt"
                                                      : "image/jpeg"),
           "a set's mimeType is not that of its content");
    if (is_media) expect(set.at("startWithSAP") == "1", content + ": no startWithSAP");
    std::vector<std::vector<double>> timelines;
    std::set<std::string> families;
    for (const XmlNode* one : set.all("Representation")) {
      const std::string id = one->at("id");
      expect(!id.empty() && !id.contains(' ') && ids_.insert(id).second, "two of one id: " + id);
      expect(is_number(one->at("bandwidth")), id + ": no bandwidth");
      if (content == "text") {
        expect(one->child("BaseURL") != nullptr, id + ": no BaseURL");
        continue;
      }
      if (is_media) {
        const std::string codecs = one->at("codecs");
        expect(!codecs.empty(), id + ": no codecs");
        families.insert(codecs.substr(0, codecs.find('.')));
      }
      if (content == "video" || content == "image") {
        expect(is_number(one->at("width")) && is_number(one->at("height")), id + ": no size");
      }
      if (content == "video") expect(!one->at("frameRate").empty(), id + ": no frameRate");
      if (content == "image") check_tiles(*one, id);
      timelines.push_back(timeline(set, *one, id, is_media));
    }
    expect(families.size() <= 1, content + ": a set of two codecs");
    if (set.at("segmentAlignment") == "true") {
      for (const auto& ends : timelines) {
        expect(std::ranges::equal(ends, timelines.front(),
                                  [](double a, double b) { return std::abs(a - b) < 1e-9; }),
               content + ": said to be aligned, and is not");
      }
    }
  }

  void check_tiles(const XmlNode& one, const std::string& id) {
    const XmlNode* property = one.child("EssentialProperty");
    expect(property != nullptr && property->at("schemeIdUri").ends_with("thumbnail_tile") &&
               property->at("value").contains('x'),
           id + ": no grid of tiles");
  }

  // Seconds at which the segments end.
  std::vector<double> timeline(const XmlNode& set, const XmlNode& one, const std::string& id,
                               bool is_media) {
    const XmlNode* list = one.child("SegmentList");
    const XmlNode* shared = set.child("SegmentList");
    std::vector<double> ends;
    expect(list != nullptr, id + ": no SegmentList");
    if (list == nullptr) return ends;
    if (is_media) {
      const XmlNode* init = list->child("Initialization");
      expect(init != nullptr && !init->at("sourceURL").empty(), id + ": no Initialization");
    }
    const XmlNode* line = list->child("SegmentTimeline");
    if (line == nullptr && shared != nullptr) {
      line = shared->child("SegmentTimeline");
      expect(list->at("timescale") == shared->at("timescale"), id + ": two timescales");
    }
    expect(line != nullptr && is_number(list->at("timescale")), id + ": no SegmentTimeline");
    if (line == nullptr || !is_number(list->at("timescale"))) return ends;
    const double timescale = std::stod(list->at("timescale"));
    double ticks = 0;
    for (const XmlNode* segment : line->all("S")) {
      expect(!segment->attributes.contains("r"), id + ": an S is repeated");
      expect(is_number(segment->at("d")) && segment->at("d") != "0", id + ": an S without d");
      const std::string start = segment->at("t");
      expect(start.empty() ? !ends.empty() : start == "0" && ends.empty(),
             id + ": a gap or overlap");
      ticks += is_number(segment->at("d")) ? std::stod(segment->at("d")) : 0;
      ends.push_back(ticks / timescale);
    }
    const auto urls = list->all("SegmentURL");
    expect(!ends.empty() && urls.size() == ends.size(), id + ": not a time for each segment");
    for (const XmlNode* segment : urls) {
      expect(!segment->at("media").empty(), id + ": a segment without a name");
    }
    // Sound may end with its own last frame; the last sheet of images goes past the end.
    if (is_media && !ends.empty()) {
      const double slack = set.at("contentType") == "video" ? 1e-6 : 0.1;
      expect(std::abs(ends.back() - whole_) <= slack, id + ": does not fill the period");
    }
    return ends;
  }

  const XmlNode& mpd_;
  double whole_ = 0;
  std::set<std::string> ids_, set_ids_;
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_dash_rules(std::string_view mpd) {
  const auto root = XmlReader::read(mpd);
  if (!root) return {"not well-formed"};
  return Judge(*root).judge();
}

}  // namespace package
