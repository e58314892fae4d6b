// package_files OUT KIND:ID:FILE[:LANGUAGE:NAME]…
//
// Cuts fragmented MP4 files, of one track each, into a presentation as the platform publishes it:
// segments of two fragments, named by content, and every manifest. For the system tests; what it
// writes is read by players that share no code with it.
//
//   KIND  video, audio, or captions (a SubRip or WebVTT file)
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "package/boxes.h"
#include "package/captions.h"
#include "package/init_segment.h"
#include "package/manifests.h"
#include "package/media_segment.h"

namespace {

constexpr int kFragmentsPerSegment = 2;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string named(std::string_view stem, std::string_view bytes, std::string_view extension) {
  return fmt::format("{}-{:016x}.{}", stem, std::hash<std::string_view>()(bytes), extension);
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "package_files: {}\n", why);
  std::exit(1);
}

template <class T>
T or_give_up(base::Result<T> result) {
  if (!result) give_up(result.error().context);
  return std::move(*result);
}

// The track's media, cut; what the init segment says of it.
package::InitSegment cut(const std::filesystem::path& out, std::string_view bytes,
                         package::Track& track) {
  const auto boxes = or_give_up(package::read_boxes(bytes));
  std::vector<std::uint64_t> fragments;
  for (const package::Box& box : boxes) {
    if (box.type == "moof") fragments.push_back(box.offset);
  }
  if (fragments.empty()) give_up("no fragments in " + track.id);
  const std::string_view head = bytes.substr(0, fragments.front());
  const package::InitSegment init = or_give_up(package::read_init_segment(head));
  track.codec = init.codec;
  track.timescale = init.timescale;
  track.init = named("init", head, "mp4");
  write_file(out / track.id / track.init, head);
  fragments.push_back(bytes.size());
  std::int64_t expected = 0;
  for (std::size_t i = 0; i + 1 < fragments.size(); i += kFragmentsPerSegment) {
    const std::size_t end = std::min(i + kFragmentsPerSegment, fragments.size() - 1);
    const std::string_view media = bytes.substr(fragments[i], fragments[end] - fragments[i]);
    package::MediaSegment read = or_give_up(package::read_media_segment(media, init));
    if (read.decode_time != expected) give_up("a gap in " + track.id);
    expected += read.duration;
    const std::string name = named(std::to_string(track.segments.size()), media, "m4s");
    write_file(out / track.id / name, media);
    track.segments.push_back({.name = name,
                              .duration = read.duration,
                              .bytes = media.size(),
                              .i_frames = std::move(read.i_frames)});
  }
  return init;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parts.resize(5);
  return parts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) give_up("usage: package_files OUT KIND:ID:FILE[:LANGUAGE:NAME]...");
  const std::filesystem::path out = argv[1];
  package::Presentation all{.title = "A <test> & \"more\""};
  for (int i = 2; i < argc; ++i) {
    const auto parts = split(argv[i]);
    const std::string bytes = read_file(parts[2]);
    if (parts[0] == "video") {
      package::VideoTrack track;
      track.id = parts[1];
      const package::InitSegment init = cut(out, bytes, track);
      track.width = init.width;
      track.height = init.height;
      track.rate_num = 25;
      all.video.push_back(std::move(track));
    } else if (parts[0] == "audio") {
      package::AudioTrack track;
      track.id = parts[1];
      track.language = parts[3];
      track.name = parts[4];
      const package::InitSegment init = cut(out, bytes, track);
      track.channels = init.channels;
      track.sample_rate = init.sample_rate;
      all.audio.push_back(std::move(track));
    } else {
      const std::string vtt = package::write_captions(or_give_up(package::read_captions(bytes)));
      all.captions.push_back({.id = parts[1],
                              .language = parts[3],
                              .label = parts[4],
                              .name = named(parts[1], vtt, "vtt"),
                              .bytes = vtt.size()});
      write_file(out / "captions" / all.captions.back().name, vtt);
    }
  }
  for (const auto& [name, text] : or_give_up(package::manifests(all))) write_file(out / name, text);
  return 0;
}
