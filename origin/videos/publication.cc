#include "origin/videos/publication.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "origin/videos/captions.h"

namespace origin {
namespace {

using nlohmann::json;

constexpr std::string_view kSheet = "/sheet/";
constexpr std::string_view kFirstSound = "audio";  // AAC: no video is shown without it.

struct Row {
  std::string key, object;
  std::int64_t size = 0;
  json about;
};

struct Rendition {
  std::string name, kind;
  json spec;
  std::vector<Row> rows;

  [[nodiscard]] const Row* init() const { return find("/init"); }
  [[nodiscard]] const Row* find(std::string_view key_end) const {
    const auto found =
        std::ranges::find_if(rows, [&](const Row& row) { return row.key.ends_with(key_end); });
    return found == rows.end() ? nullptr : &*found;
  }
};

std::string base_name(const std::string& object) { return object.substr(object.rfind('/') + 1); }

// Segments in order; false when they don't follow each other without a gap to the planned end.
bool fill(package::Track& track, const Rendition& rendition) {
  if (rendition.init() == nullptr) return false;
  std::vector<const Row*> segments;
  for (const Row& row : rendition.rows) {
    if (!row.key.ends_with("/init")) segments.push_back(&row);
  }
  std::ranges::sort(segments, {},
                    [](const Row* row) { return row->about.at("start").get<std::int64_t>(); });
  std::int64_t at = 0;
  for (const Row* row : segments) {
    const json& about = row->about;
    if (about.at("start") != at) return false;
    package::Segment segment{.name = base_name(row->object),
                             .duration = about.at("duration"),
                             .bytes = static_cast<std::uint64_t>(row->size)};
    for (const json& one : about.at("i_frames")) {
      segment.i_frames.push_back({.offset = one.at(0), .length = one.at(1), .start = one.at(2)});
    }
    at += segment.duration;
    track.timescale = about.at("timescale");
    track.segments.push_back(std::move(segment));
  }
  if (at != rendition.spec.at("duration")) return false;
  track.id = rendition.name;
  track.init = base_name(rendition.init()->object);
  return true;
}

package::VideoTrack video_of(const Rendition& rendition) {
  package::VideoTrack track;
  track.width = rendition.spec.at("width");
  track.height = rendition.spec.at("height");
  track.rate_num = rendition.spec.at("rate").at(0);
  track.rate_den = rendition.spec.at("rate").at(1);
  return track;
}

// Who plays H.264 plays AAC, and who plays VP9 or AV1 plays Opus: a variant of each, not of all pairs.
// Until Opus is there, its pictures go with AAC.
void choose_sound(package::Presentation& presentation) {
  if (presentation.audio.empty()) return;
  const std::string& first = presentation.audio.front().group;
  const auto opus = std::ranges::find(presentation.audio, "opus", &package::AudioTrack::codec);
  const std::string& more = opus == presentation.audio.end() ? first : opus->group;
  for (package::VideoTrack& track : presentation.video) {
    track.sound_group = track.codec.starts_with("avc1") ? first : more;
  }
}

// False when one is missing.
bool fill(Publication& publication, const Rendition& images) {
  const Row* poster = images.find("/poster");
  if (poster == nullptr) return false;
  const json& spec = images.spec;
  package::Storyboard board{.tile_width = spec.at("tile_width"),
                            .tile_height = spec.at("tile_height"),
                            .columns = spec.at("columns"),
                            .rows = spec.at("rows"),
                            .interval_us = spec.at("interval_us")};
  const std::int64_t sheets = spec.at("sheets");
  for (std::int64_t i = 0; i < sheets; ++i) {
    const Row* sheet = images.find(std::string(kSheet) + std::to_string(i));
    if (sheet == nullptr) return false;
    board.sheets.push_back(images.name + "/" + base_name(sheet->object));
    board.bytes += static_cast<std::uint64_t>(sheet->size);
  }
  publication.presentation.storyboards.push_back(std::move(board));
  publication.poster = poster->object;
  return true;
}

std::vector<package::Captions> captions_of(soci::session& sql, const std::string& video) {
  std::vector<package::Captions> all;
  for (const CaptionsView& one : read_captions_of(sql, video)) {
    all.push_back({.id = one.language,
                   .language = one.language,
                   .label = one.label,
                   .name = base_name(one.object),
                   .bytes = one.size});
  }
  return all;
}

std::vector<Rendition> read_renditions(soci::session& sql, const std::string& video) {
  std::vector<Rendition> renditions;
  {
    Rendition row;
    std::string spec;
    soci::statement select =
        (sql.prepare << "SELECT name, kind, spec FROM renditions "
                        "WHERE video = :video ORDER BY rank, name",
         soci::use(video), soci::into(row.name), soci::into(row.kind), soci::into(spec));
    select.execute();
    while (select.fetch()) {
      row.spec = json::parse(spec, nullptr, false);
      renditions.push_back(row);
    }
  }
  for (Rendition& rendition : renditions) {
    Row row;
    std::string about;
    soci::statement select = (sql.prepare << "SELECT key, object, size, about FROM outputs "
                                             "WHERE video = :video AND rendition = :name",
                              soci::use(video), soci::use(rendition.name), soci::into(row.key),
                              soci::into(row.object), soci::into(row.size), soci::into(about));
    select.execute();
    while (select.fetch()) {
      row.about = json::parse(about, nullptr, false);
      rendition.rows.push_back(row);
    }
  }
  return renditions;
}

}  // namespace

base::Result<Publication> read_publication(Database& database, const std::string& video) {
  return database.read([&](soci::session& sql) -> base::Result<Publication> {
    Publication publication;
    package::Presentation& presentation = publication.presentation;
    sql << "SELECT title, revision FROM videos WHERE id = :id", soci::use(video),
        soci::into(presentation.title), soci::into(publication.revision);
    if (!sql.got_data()) {
      return base::fail(base::ErrorCode::kNotFound, "no such video", base::Blame::kClient);
    }
    presentation.captions = captions_of(sql, video);
    std::vector<std::string> tracks;
    bool sound_is_missing = false;
    try {
      for (const Rendition& rendition : read_renditions(sql, video)) {
        const std::string codec =
            rendition.init() == nullptr ? "" : rendition.init()->about.value("codec", "");
        if (rendition.kind == "images") {
          if (fill(publication, rendition)) publication.complete.push_back(rendition.name);
        } else if (rendition.kind == "audio") {
          package::AudioTrack track;
          track.codec = codec;
          track.group = rendition.name;
          if (!fill(track, rendition)) {
            sound_is_missing = sound_is_missing || rendition.name == kFirstSound;
            continue;
          }
          presentation.audio.push_back(std::move(track));
          tracks.push_back(rendition.name);
        } else if (rendition.kind == "video") {
          package::VideoTrack track = video_of(rendition);
          track.codec = codec;
          if (!fill(track, rendition)) continue;
          presentation.video.push_back(std::move(track));
          tracks.push_back(rendition.name);
        }
      }
    } catch (const json::exception& error) {
      return base::fail(base::ErrorCode::kCorrupt,
                        "an output of " + video + " is not described: " + error.what());
    }
    choose_sound(presentation);
    if (sound_is_missing) {
      presentation.video.clear();
      presentation.audio.clear();
    } else {
      publication.complete.insert(publication.complete.end(), tracks.begin(), tracks.end());
    }
    return publication;
  });
}

void note_change(soci::session& sql, const std::string& video) {
  sql << "UPDATE videos SET revision = revision + 1 WHERE id = :id", soci::use(video);
}

base::Result<void> note_written(soci::session& sql, const std::string& video,
                                const Publication& publication) {
  std::int64_t revision = 0;
  sql << "SELECT revision FROM videos WHERE id = :id", soci::use(video), soci::into(revision);
  if (!sql.got_data()) {
    return base::fail(base::ErrorCode::kNotFound, "no such video", base::Blame::kClient);
  }
  sql << "UPDATE videos SET written = :written WHERE id = :id", soci::use(publication.revision),
      soci::use(video);
  for (const std::string& name : publication.complete) {
    sql << "UPDATE renditions SET published = 1 WHERE video = :video AND name = :name",
        soci::use(video), soci::use(name);
  }
  return {};
}

base::Result<std::vector<std::string>> videos_behind(Database& database) {
  return database.read([](soci::session& sql) -> base::Result<std::vector<std::string>> {
    std::vector<std::string> videos;
    std::string video;
    soci::statement select =
        (sql.prepare << "SELECT id FROM videos WHERE written < revision", soci::into(video));
    select.execute();
    while (select.fetch()) videos.push_back(video);
    return videos;
  });
}

}  // namespace origin
