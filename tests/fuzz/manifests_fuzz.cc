// Titles, labels, languages and names of a presentation as any bytes, and numbers as any numbers:
// what verify() accepts is written in the grammar of HLS and as well-formed XML, and nothing that
// was a text becomes a tag or an element. Lines of the input are the texts, in turn.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "package/manifests.h"
#include "package/text.h"
#include "tests/package/playlist_reader.h"
#include "tests/package/xml_reader.h"

namespace {

class Input {
 public:
  explicit Input(std::string_view text) : rest_(text) {}

  // Up to a zero byte, so that line breaks are among what texts have.
  std::string text() {
    const std::string_view taken = rest_.substr(0, rest_.find('\0'));
    rest_.remove_prefix(std::min(rest_.size(), taken.size() + 1));
    return std::string(taken);
  }
  std::int64_t number() {
    std::int64_t value = 0;
    for (int i = 0; i < 3 && !rest_.empty(); ++i) {
      value = value << 8 | static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
    }
    return value;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

template <class AnyTrack>
AnyTrack track(Input& input, std::string id, std::size_t segments) {
  AnyTrack made;
  made.id = std::move(id);
  made.codec = "avc1.64001f";
  made.timescale = 1 + input.number();
  made.init = "i" + input.text();
  for (std::size_t i = 0; i < segments; ++i) {
    const std::int64_t seconds = 1 + static_cast<std::int64_t>(i);
    made.segments.push_back({.name = "s" + input.text(),
                             .duration = seconds * made.timescale,
                             .bytes = 1 + static_cast<std::uint64_t>(input.number())});
    made.segments.back().i_frames = {{.offset = 0, .length = 1, .start = 0}};
  }
  return made;
}

package::Presentation presentation(Input& input) {
  package::Presentation all;
  all.title = input.text();
  const auto segments = static_cast<std::size_t>(1 + input.number() % 4);
  for (int i = 0; i < 2; ++i) {
    auto video = track<package::VideoTrack>(input, "v" + std::to_string(i), segments);
    video.width = 1 + static_cast<int>(input.number());
    video.height = 1 + static_cast<int>(input.number());
    video.rate_num = 1 + input.number();
    video.rate_den = 1 + input.number();
    all.video.push_back(std::move(video));
    auto audio = track<package::AudioTrack>(input, "a" + std::to_string(i), segments);
    audio.language = input.text();
    audio.name = input.text();
    all.audio.push_back(std::move(audio));
    all.captions.push_back({.id = "c" + std::to_string(i),
                            .language = input.text(),
                            .label = input.text(),
                            .name = "n" + input.text()});
  }
  all.storyboards = {{.sheets = {"b" + input.text(), "b" + input.text()},
                      .tile_width = 1 + static_cast<int>(input.number() % 500),
                      .tile_height = 1 + static_cast<int>(input.number() % 500),
                      .columns = 1 + static_cast<int>(input.number() % 5),
                      .rows = 1 + static_cast<int>(input.number() % 5),
                      .interval_us = 1'000'000 + input.number()}};
  return all;
}

std::size_t count(const package::XmlNode& node, std::string_view name) {
  std::size_t found = node.name == name ? 1 : 0;
  for (const package::XmlNode& child : node.children) found += count(child, name);
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(std::string_view(reinterpret_cast<const char*>(data), size));
  const package::Presentation all = presentation(input);
  const auto texts = package::manifests(all);
  if (!texts) return 0;
  const std::size_t segments = all.video[0].segments.size();
  for (const auto& [name, text] : *texts) {
    if (name.ends_with(".m3u8")) {
      const auto lines = package::read_playlist(text);
      CHECK(lines);
      const auto tags = [&](std::string_view tag) {
        return static_cast<std::size_t>(
            std::ranges::count(*lines, tag, &package::PlaylistLine::tag));
      };
      if (name == "master.m3u8") {
        CHECK(tags("EXT-X-MEDIA") == 4 && tags("EXT-X-STREAM-INF") == 2 && tags("") == 2);
      } else {
        CHECK(tags("") == (name.starts_with("captions/") ? 1 : segments));
        CHECK(tags("EXT-X-ENDLIST") == 1);
      }
    } else if (name.ends_with(".mpd")) {
      const auto root = package::XmlReader::read(text);
      CHECK(root);
      CHECK(count(*root, "Representation") == 7 && count(*root, "BaseURL") == 6);
      CHECK(count(*root, "SegmentURL") == 4 * segments + 2);
      if (!all.title.empty()) {
        CHECK(root->child("ProgramInformation")->child("Title")->text ==
              package::printable(all.title));
      }
    } else {
      CHECK(package::find_invalid_utf8(text) == std::string_view::npos);
    }
  }
  return 0;
}
