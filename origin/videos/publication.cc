#include "origin/videos/publication.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace origin {
namespace {

using nlohmann::json;

struct Row {
  std::string key, object;
  std::int64_t size = 0;
  json about;
};

struct Rendition {
  std::string name, kind;
  json spec;
  std::int64_t units = 0;
  std::vector<Row> rows;

  [[nodiscard]] const Row* init() const {
    const auto found =
        std::ranges::find_if(rows, [](const Row& row) { return row.key.ends_with("/init"); });
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

std::vector<Rendition> read_renditions(soci::session& sql, const std::string& video) {
  std::vector<Rendition> renditions;
  {
    Rendition row;
    std::string spec;
    soci::statement select = (sql.prepare << "SELECT name, kind, units, spec FROM renditions "
                                             "WHERE video = :video ORDER BY rank, name",
                              soci::use(video), soci::into(row.name), soci::into(row.kind),
                              soci::into(row.units), soci::into(spec));
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
    sql << "SELECT title FROM videos WHERE id = :id", soci::use(video),
        soci::into(publication.presentation.title);
    bool sound_is_missing = false;
    try {
      for (const Rendition& rendition : read_renditions(sql, video)) {
        const std::string codec =
            rendition.init() == nullptr ? "" : rendition.init()->about.value("codec", "");
        if (rendition.kind == "audio") {
          package::AudioTrack track;
          track.codec = codec;
          if (fill(track, rendition)) {
            publication.presentation.audio.push_back(std::move(track));
            publication.complete.push_back(rendition.name);
          } else {
            sound_is_missing = true;
          }
        } else if (rendition.kind == "video") {
          package::VideoTrack track;
          track.codec = codec;
          track.width = rendition.spec.at("width");
          track.height = rendition.spec.at("height");
          track.rate_num = rendition.spec.at("rate").at(0);
          track.rate_den = rendition.spec.at("rate").at(1);
          if (!fill(track, rendition)) continue;
          publication.presentation.video.push_back(std::move(track));
          publication.complete.push_back(rendition.name);
        }
      }
    } catch (const json::exception& error) {
      return base::fail(base::ErrorCode::kCorrupt,
                        "an output of " + video + " is not described: " + error.what());
    }
    if (sound_is_missing) return Publication{};
    return publication;
  });
}

}  // namespace origin
