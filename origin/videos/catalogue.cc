#include "origin/videos/catalogue.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/random.h"
#include "base/sha256.h"
#include "origin/tasks/queue.h"
#include "package/text.h"

namespace origin {
namespace {

using base::ErrorCode;

constexpr std::size_t kIdLength = 12;  // 70 bits.

std::unexpected<base::Error> no_such_video() {
  return base::fail(ErrorCode::kNotFound, "no such video", base::Blame::kClient);
}

// What a probe result says of the length.
std::int64_t duration_of(const std::string& probe) {
  const auto value = nlohmann::json::parse(probe, nullptr, false);
  if (!value.is_object()) return 0;
  return value.value("duration_us", std::int64_t{0});
}

// What of each rendition exists, and how far the tasks have come.
void read_renditions(soci::session& sql, VideoView& video) {
  RenditionView row;
  std::int64_t published = 0;
  std::int64_t bytes = 0;
  std::int64_t units_done = 0;
  std::int64_t units = 0;
  soci::statement select =
      (sql.prepare
           << "SELECT name, kind, published, units, "
              "(SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM outputs WHERE outputs.video = "
              "renditions.video AND outputs.rendition = renditions.name), "
              "(SELECT CAST(COUNT(DISTINCT unit) AS BIGINT) FROM outputs WHERE outputs.video = "
              "renditions.video AND outputs.rendition = renditions.name AND outputs.last = 1) "
              "FROM renditions WHERE video = :video ORDER BY rank, name",
       soci::use(video.id), soci::into(row.name), soci::into(row.kind), soci::into(published),
       soci::into(units), soci::into(bytes), soci::into(units_done));
  select.execute();
  while (select.fetch()) {
    row.published = published != 0;
    row.bytes = static_cast<std::uint64_t>(bytes);
    row.percent = units == 0 ? 0 : static_cast<int>(std::min(units_done, units) * 100 / units);
    if (row.published) row.percent = 100;
    video.stored_bytes += row.bytes;
    if (row.kind == "images") {
      video.images = row;
    } else {
      video.renditions.push_back(row);
      video.renditions_bytes += row.bytes;
    }
  }
}

void conclude(VideoView& video, bool probed) {
  int percent = 0;
  bool any_video = false;
  bool video_published = false;
  bool any_audio = false;
  bool audio_published = false;
  bool all = !video.renditions.empty();
  for (const RenditionView& rendition : video.renditions) {
    percent += rendition.percent;
    all = all && rendition.published;
    if (rendition.kind == "video") {
      any_video = true;
      video_published = video_published || rendition.published;
    } else if (rendition.kind == "audio") {
      any_audio = true;
      audio_published = audio_published || rendition.published;
    }
  }
  if (!video.renditions.empty()) percent /= static_cast<int>(video.renditions.size());
  video.percent = percent;
  const bool playable = !video.renditions.empty() && (audio_published || !any_audio) &&
                        (video_published || !any_video);
  video.state = !video.failure.empty() ? VideoState::kFailed
                : all                  ? VideoState::kReady
                : playable             ? VideoState::kPlayable
                : probed               ? VideoState::kProcessing
                                       : VideoState::kWaiting;
}

// A file in one word. The same bytes in other chunks are another one.
std::string content_of(const std::vector<ChunkRef>& chunks) {
  base::Sha256 digest;
  for (const ChunkRef& chunk : chunks) {
    digest.update(chunk.hash + " " + std::to_string(chunk.size) + "\n");
  }
  return digest.finish_hex();
}

std::string made_of_in(soci::session& sql, std::int64_t owner, const std::string& content) {
  std::string id;
  sql << "SELECT id FROM videos WHERE owner = :owner AND content = :content AND failure = '' "
         "ORDER BY created DESC, id DESC LIMIT 1",
      soci::use(owner), soci::use(content), soci::into(id);
  return sql.got_data() ? id : "";
}

base::Result<std::vector<std::string>> missing_in(soci::session& sql, const NewVideo& video) {
  std::vector<std::string> missing;
  std::string hash;
  std::int64_t size = 0;
  soci::statement select =
      (sql.prepare << "SELECT size FROM claims WHERE owner = :owner AND hash = :hash",
       soci::use(video.owner), soci::use(hash), soci::into(size));
  for (const ChunkRef& chunk : video.chunks) {
    hash = chunk.hash;
    if (!select.execute(true)) {
      missing.push_back(hash);
    } else if (static_cast<std::uint64_t>(size) != chunk.size) {
      return base::fail(ErrorCode::kInvalid,
                        "chunk " + hash + " has " + std::to_string(size) + " bytes",
                        base::Blame::kClient);
    }
  }
  return missing;
}

// Inside a transaction. None: there is no such video.
std::optional<VideoView> read_video(soci::session& sql, const std::string& id) {
  VideoView video;
  std::string probe;
  std::int64_t size = 0;
  std::int64_t kept = 0;
  sql << "SELECT id, owner, title, file_name, size, created, access, failure, probe, kept_source "
         "FROM videos WHERE id = :id",
      soci::use(id), soci::into(video.id), soci::into(video.owner), soci::into(video.title),
      soci::into(video.file_name), soci::into(size), soci::into(video.created_us),
      soci::into(video.access), soci::into(video.failure), soci::into(probe), soci::into(kept);
  if (!sql.got_data()) return std::nullopt;
  video.size = static_cast<std::uint64_t>(size);
  video.original_is_kept = kept != 0;
  video.duration_us = duration_of(probe);
  read_renditions(sql, video);
  video.captions = read_captions_of(sql, id);
  for (const CaptionsView& one : video.captions) video.stored_bytes += one.size;
  conclude(video, !probe.empty());
  return video;
}

}  // namespace

std::string_view name_of(VideoState state) {
  switch (state) {
    case VideoState::kWaiting:
      return "waiting";
    case VideoState::kProcessing:
      return "processing";
    case VideoState::kPlayable:
      return "playable";
    case VideoState::kReady:
      return "ready";
    case VideoState::kFailed:
      return "failed";
  }
  return "unknown";
}

std::string Catalogue::create_in(soci::session& sql, const NewVideo& video, std::int64_t now_us) {
  const std::string id = base::random_name(kIdLength);
  std::int64_t size = 0;
  std::int64_t number = 0;
  for (const ChunkRef& chunk : video.chunks) {
    const auto bytes = static_cast<std::int64_t>(chunk.size);
    sql << "INSERT INTO source_chunks (video, number, hash, size, first) "
           "VALUES (:video, :number, :hash, :size, :first)",
        soci::use(id), soci::use(number), soci::use(chunk.hash), soci::use(bytes), soci::use(size);
    size += bytes;
    ++number;
  }
  const std::string content = content_of(video.chunks);
  sql << "INSERT INTO videos (id, owner, title, file_name, size, created, access, failure, probe, "
         "kept_source, content) "
         "VALUES (:id, :owner, :title, :file, :size, :now, :access, '', '', 1, :content)",
      soci::use(id), soci::use(video.owner), soci::use(video.title), soci::use(video.file_name),
      soci::use(size), soci::use(now_us), soci::use(video.access), soci::use(content);
  const std::string spec = nlohmann::json{{"container", video.container}}.dump();
  Queue::add(sql,
             {.video = id, .kind = TaskKind::kProbe, .key = id + "/probe", .rank = 0, .spec = spec},
             now_us);
  return id;
}

base::Result<Catalogue::Created> Catalogue::create_of_claims(soci::session& sql,
                                                             const NewVideo& video,
                                                             std::int64_t now_us) {
  auto missing = missing_in(sql, video);
  if (!missing) return std::unexpected(missing.error());
  if (!missing->empty()) return Created{.missing = std::move(*missing)};
  return Created{.id = create_in(sql, video, now_us), .is_new = true};
}

base::Result<Catalogue::Created> Catalogue::create(const NewVideo& video) {
  const std::int64_t now = base::wall_us(clock_);
  return database_.write([&](soci::session& sql) { return create_of_claims(sql, video, now); });
}

base::Result<Catalogue::Created> Catalogue::create_once(const NewVideo& video) {
  const std::int64_t now = base::wall_us(clock_);
  const std::string content = content_of(video.chunks);
  return database_.write([&](soci::session& sql) -> base::Result<Created> {
    std::string there = made_of_in(sql, video.owner, content);
    if (!there.empty()) return Created{.id = std::move(there)};
    return create_of_claims(sql, video, now);
  });
}

base::Result<std::string> Catalogue::made_of(std::int64_t owner,
                                             const std::vector<ChunkRef>& chunks) {
  const std::string content = content_of(chunks);
  return database_.read([&](soci::session& sql) -> base::Result<std::string> {
    return made_of_in(sql, owner, content);
  });
}

base::Result<VideoView> Catalogue::get(std::string_view id) {
  const std::string name(id);
  return database_.read([&](soci::session& sql) -> base::Result<VideoView> {
    auto video = read_video(sql, name);
    if (!video) return no_such_video();
    return std::move(*video);
  });
}

base::Result<std::string> Catalogue::access_of(std::string_view id) {
  // PostgreSQL takes no other text, and this comes as it stood in a URL.
  if (package::find_invalid_utf8(id) != std::string_view::npos) return no_such_video();
  return access_.of(id, [this](std::string_view video) {
    const std::string name(video);
    return database_.read([&](soci::session& sql) -> base::Result<std::string> {
      std::string access;
      sql << "SELECT access FROM videos WHERE id = :id", soci::use(name), soci::into(access);
      if (!sql.got_data()) return no_such_video();
      return access;
    });
  });
}

base::Result<VideoPage> Catalogue::list(std::int64_t owner, std::string_view cursor, int count) {
  // A cursor is "created-id" of the last one shown.
  std::int64_t before = INT64_MAX;
  std::string before_id;
  if (!cursor.empty()) {
    const auto dash = cursor.find('-');
    const std::string digits(cursor.substr(0, dash));
    if (dash == std::string_view::npos || digits.empty() || digits.size() > 18 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      return base::fail(ErrorCode::kInvalid, "\"cursor\" must be the \"next\" of a page before",
                        base::Blame::kClient);
    }
    before = std::stoll(digits);
    before_id = cursor.substr(dash + 1);
  }
  const int rows = count + 1;
  return database_.read([&](soci::session& sql) -> base::Result<VideoPage> {
    std::vector<std::string> ids;
    std::string id;
    soci::statement select =
        (sql.prepare << "SELECT id FROM videos WHERE owner = :owner AND (created < :before OR "
                        "(created = :same AND id < :id)) ORDER BY created DESC, id DESC LIMIT " +
                            std::to_string(rows),
         soci::use(owner), soci::use(before), soci::use(before), soci::use(before_id),
         soci::into(id));
    select.execute();
    while (select.fetch()) ids.push_back(id);
    const bool more = static_cast<int>(ids.size()) > count;
    if (more) ids.pop_back();
    VideoPage page;
    for (const std::string& one : ids) {
      if (auto video = read_video(sql, one)) page.videos.push_back(std::move(*video));
    }
    if (more) {
      const VideoView& last = page.videos.back();
      page.next = std::to_string(last.created_us) + "-" + last.id;
    }
    return page;
  });
}

base::Result<void> Catalogue::remove(std::string_view id, std::int64_t owner,
                                     const std::function<void(soci::session&)>& first) {
  const std::string name(id);
  auto removed = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto owned = check_owner_in(sql, name, owner); !owned) return owned;
    if (first) first(sql);
    for (const char* table : {"source_chunks", "renditions", "outputs", "captions", "tasks"}) {
      sql << std::string("DELETE FROM ") + table + " WHERE video = :video", soci::use(name);
    }
    sql << "DELETE FROM videos WHERE id = :id", soci::use(name);
    return {};
  });
  access_.forget(id);  // Failed or not: a commit may have been made that was not confirmed.
  return removed;
}

base::Result<std::uint64_t> Catalogue::source_size(std::string_view id) {
  const std::string name(id);
  return database_.read([&](soci::session& sql) -> base::Result<std::uint64_t> {
    std::int64_t size = 0;
    sql << "SELECT size FROM videos WHERE id = :id", soci::use(name), soci::into(size);
    if (!sql.got_data()) return no_such_video();
    return static_cast<std::uint64_t>(size);
  });
}

base::Result<std::vector<Catalogue::SourceChunk>> Catalogue::source(std::string_view id,
                                                                    std::uint64_t begin,
                                                                    std::uint64_t end) {
  const std::string name(id);
  const auto from = static_cast<std::int64_t>(begin);
  const auto to = static_cast<std::int64_t>(end);
  // Where a chunk must begin to reach so far: the index finds by that.
  const std::int64_t after = from - static_cast<std::int64_t>(ChunkStore::kChunkMax.count());
  return database_.read([&](soci::session& sql) -> base::Result<std::vector<SourceChunk>> {
    std::vector<SourceChunk> chunks;
    std::string hash;
    std::int64_t size = 0;
    std::int64_t first = 0;
    soci::statement select =
        (sql.prepare << "SELECT hash, size, first FROM source_chunks WHERE video = :video AND "
                        "first > :after AND first < :end AND first + size > :begin ORDER BY first",
         soci::use(name), soci::use(after), soci::use(to), soci::use(from), soci::into(hash),
         soci::into(size), soci::into(first));
    select.execute();
    while (select.fetch()) {
      chunks.push_back({hash, static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(first)});
    }
    return chunks;
  });
}

base::Result<void> Catalogue::check_owner(std::string_view id, std::int64_t owner) {
  const std::string name(id);
  return database_.read([&](soci::session& sql) { return check_owner_in(sql, name, owner); });
}

base::Result<void> Catalogue::check_owner_in(soci::session& sql, const std::string& id,
                                             std::int64_t owner) {
  std::int64_t whose = 0;
  sql << "SELECT owner FROM videos WHERE id = :id", soci::use(id), soci::into(whose);
  if (!sql.got_data() || whose != owner) return no_such_video();
  return {};
}

}  // namespace origin
