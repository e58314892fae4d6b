#include "origin/tasks/work.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "origin/videos/publication.h"
#include "package/codec_string.h"
#include "package/manifests.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;

// Sound and the lowest rung of every video go before any other rung; then older videos before newer.
constexpr std::int64_t kRankSound = 10;
constexpr std::int64_t kRankLowest = 11;
constexpr std::int64_t kRankRest = 20;

constexpr std::size_t kNameHashDigits = 32;

std::string rendition_of(std::string_view key) { return std::string(key.substr(0, key.find('/'))); }

std::int64_t unit_of(std::string_view key) {
  const auto slash = key.find('/');
  return slash == std::string_view::npos ? 0
                                         : std::atoll(std::string(key.substr(slash + 1)).c_str());
}

bool is_init(std::string_view key) { return key.ends_with("/init"); }

// Segments carry their content's hash, so that they never change under their name.
std::string object_name(const std::string& video, std::string_view key, std::string_view hash) {
  const std::string digits(hash.substr(0, kNameHashDigits));
  const std::string directory = "media/" + video + "/" + rendition_of(key) + "/";
  return directory + (is_init(key) ? "init-" + digits + ".mp4" : digits + ".m4s");
}

void add_rendition(soci::session& sql, const std::string& video, const std::string& name,
                   const std::string& kind, std::int64_t rank, std::int64_t units,
                   const std::string& spec) {
  sql << "INSERT INTO renditions (video, name, kind, rank, units, spec, published) "
         "VALUES (:video, :name, :kind, :rank, :units, :spec, 0) ON CONFLICT DO NOTHING",
      soci::use(video), soci::use(name), soci::use(kind), soci::use(rank), soci::use(units),
      soci::use(spec);
}

std::set<std::string> stored_keys(soci::session& sql, const std::string& video) {
  std::set<std::string> keys;
  std::string key;
  soci::statement select = (sql.prepare << "SELECT key FROM outputs WHERE video = :video",
                            soci::use(video), soci::into(key));
  select.execute();
  while (select.fetch()) keys.insert(key);
  return keys;
}

}  // namespace

std::vector<std::string> output_keys(std::string_view kind, const json& spec) {
  std::vector<std::string> keys;
  if (kind == "audio") {
    keys.emplace_back("audio/0/init");
    for (std::size_t i = 0; i < spec.at("boundaries").size(); ++i) {
      keys.push_back("audio/0/seg/" + std::to_string(i));
    }
  } else if (kind == "transcode") {
    const std::int64_t unit = spec.at("unit");
    const std::int64_t first = spec.at("first");
    const std::int64_t frames = spec.at("frames");
    const std::int64_t segment = spec.at("segment");
    for (const json& rung : spec.at("rungs")) {
      const std::string prefix = rung.at("name").get<std::string>() + "/" + std::to_string(unit);
      keys.push_back(prefix + "/init");
      for (std::int64_t at = first; at < first + frames; at += segment) {
        keys.push_back(prefix + "/seg/" + std::to_string(at / segment));
      }
    }
  }
  return keys;
}

base::Result<Work::Stored> Work::store(const Lease& task, const Output& output) {
  const json spec = json::parse(task.spec, nullptr, false);
  const std::vector<std::string> keys = output_keys(task.kind, spec);
  if (std::ranges::find(keys, output.key) == keys.end()) {
    return base::fail(ErrorCode::kInvalid, "this task leaves no output \"" + output.key + "\"",
                      base::Blame::kClient);
  }
  const std::string hash = base::Sha256::hex_of(output.bytes);
  const std::string rendition = rendition_of(output.key);
  const std::string name = object_name(task.video, output.key, hash);
  const std::int64_t unit = unit_of(output.key);
  const auto size = static_cast<std::int64_t>(output.bytes.size());
  const std::int64_t last =
      output.key == keys.back() ||
              (task.kind == "transcode" &&
               output.key.ends_with(keys.back().substr(keys.back().find("/seg/"))))
          ? 1
          : 0;
  std::string about = output.about;
  if (is_init(output.key)) {
    const auto codec = package::codec_string(output.bytes);
    if (!codec) return std::unexpected(codec.error());
    about = json{{"codec", *codec}}.dump();
    const auto other = database_.read([&](soci::session& sql) -> base::Result<std::string> {
      std::string there;
      sql << "SELECT hash FROM outputs WHERE video = :video AND rendition = :rendition AND "
             "key LIKE '%/init' AND key <> :key LIMIT 1",
          soci::use(task.video), soci::use(rendition), soci::use(output.key), soci::into(there);
      return there;
    });
    if (!other) return std::unexpected(other.error());
    if (!other->empty() && *other != hash) {
      return base::fail(ErrorCode::kBusy, "its settings differ from the other units': encode again",
                        base::Blame::kClient);
    }
  }
  // The bytes first, then the row that says that they are there.
  const bool there = objects_.has(name);
  if (!there) {
    if (auto put = objects_.put(name, output.bytes); !put) return std::unexpected(put.error());
  }
  const auto kept = database_.write([&](soci::session& sql) -> base::Result<void> {
    sql << "DELETE FROM outputs WHERE video = :video AND key = :key", soci::use(task.video),
        soci::use(output.key);
    sql << "INSERT INTO outputs (video, key, rendition, unit, object, size, hash, about, last) "
           "VALUES (:video, :key, :rendition, :unit, :object, :size, :hash, :about, :last)",
        soci::use(task.video), soci::use(output.key), soci::use(rendition), soci::use(unit),
        soci::use(name), soci::use(size), soci::use(hash), soci::use(about), soci::use(last);
    return {};
  });
  if (!kept) return std::unexpected(kept.error());
  return there ? Stored::kThereAlready : Stored::kNew;
}

base::Result<void> Work::plan_video(soci::session& sql, const Lease& task, const json& probe) {
  const auto plan = plan_for(probe, ladder_);
  if (!plan) return std::unexpected(plan.error());
  const std::int64_t now = queue_.now_us();
  const std::string kept = probe.dump();
  sql << "UPDATE videos SET probe = :probe WHERE id = :id", soci::use(kept), soci::use(task.video);
  if (plan->audio) {
    const std::string spec = audio_spec(probe, *plan->audio).dump();
    const json whole{{"duration", plan->audio->frames * AudioTrack::kFrame}};
    add_rendition(sql, task.video, "audio", "audio", 0, 1, whole.dump());
    Queue::add(sql,
               {.video = task.video,
                .kind = "audio",
                .key = task.video + "/audio",
                .rank = kRankSound,
                .spec = spec},
               now);
  }
  if (!plan->video) return {};
  const VideoTrack& track = *plan->video;
  for (std::size_t i = 0; i < track.rungs.size(); ++i) {
    const Rung& rung = track.rungs[i];
    const json spec{{"width", rung.width},
                    {"height", rung.height},
                    {"rate", {track.rate.num, track.rate.den}},
                    {"duration", track.frames * track.rate.den}};
    add_rendition(sql, task.video, rung.name, "video", static_cast<std::int64_t>(i) + 1,
                  static_cast<std::int64_t>(track.units.size()), spec.dump());
  }
  const std::vector<Rung> lowest(track.rungs.begin(), track.rungs.begin() + 1);
  const std::vector<Rung> rest(track.rungs.begin() + 1, track.rungs.end());
  for (const auto& [rungs, what, rank] :
       {std::tuple{lowest, "lowest", kRankLowest}, std::tuple{rest, "rest", kRankRest}}) {
    if (rungs.empty()) continue;
    for (std::size_t unit = 0; unit < track.units.size(); ++unit) {
      Queue::add(sql,
                 {.video = task.video,
                  .kind = "transcode",
                  .key = task.video + "/" + what + "/" + std::to_string(unit),
                  .rank = rank,
                  .spec = transcode_spec(probe, track, unit, rungs, ladder_).dump()},
                 now);
    }
  }
  return {};
}

base::Result<std::vector<std::string>> Work::complete(const Lease& task, const json& result) {
  std::vector<std::string> missing;
  const auto done = queue_.complete(
      task.task, task.id, [&](soci::session& sql, const Lease& leased) -> base::Result<void> {
        if (leased.kind == "probe") return plan_video(sql, leased, result);
        const std::set<std::string> there = stored_keys(sql, leased.video);
        missing.clear();
        for (std::string& key :
             output_keys(leased.kind, json::parse(leased.spec, nullptr, false))) {
          if (!there.contains(key)) missing.push_back(std::move(key));
        }
        if (missing.empty()) return {};
        return base::fail(ErrorCode::kInvalid, "outputs are missing", base::Blame::kClient);
      });
  if (!missing.empty()) return missing;
  if (!done) return std::unexpected(done.error());
  if (task.kind != "probe") {
    // It is done whether or not the manifests can be written now: look_after() tries again.
    if (auto published = publish(task.video); !published) {
      base::log_error("video.not_published",
                      {{"video", task.video}, {"reason", published.error().context}});
    }
  }
  return missing;
}

Queue::AndThen Work::video_fails() const {
  return [](soci::session& sql, const Lease& task) -> base::Result<void> {
    std::string reason;
    sql << "SELECT reason FROM tasks WHERE id = :id", soci::use(task.task), soci::into(reason);
    sql << "UPDATE videos SET failure = :failure WHERE id = :id", soci::use(reason),
        soci::use(task.video);
    return {};
  };
}

base::Result<void> Work::fail(const Lease& task, std::string_view reason, Queue::Verdict verdict) {
  return queue_.fail(task.task, task.id, reason, verdict, video_fails());
}

base::Result<void> Work::retry(std::int64_t task) {
  return queue_.retry(task, [](soci::session& sql, const Lease& parked) -> base::Result<void> {
    sql << "UPDATE videos SET failure = '' WHERE id = :id", soci::use(parked.video);
    return {};
  });
}

base::Result<void> Work::publish(std::string_view video) {
  const base::MutexLock lock(publishing_);
  const std::string id(video);
  auto publication = read_publication(database_, id);
  if (!publication) return std::unexpected(publication.error());
  if (publication->complete.empty()) return {};
  const std::string directory = "media/" + id + "/";
  auto manifests = package::manifests(publication->presentation);
  if (!manifests) return std::unexpected(manifests.error());
  // Those that name others come last, so that what they name is there.
  std::vector<std::pair<std::string, std::string>> in_order;
  for (const char* name : {"manifest.mpd", "master.m3u8"}) {
    if (auto one = manifests->extract(name)) {
      in_order.emplace_back(one.key(), std::move(one.mapped()));
    }
  }
  in_order.insert(in_order.begin(), manifests->begin(), manifests->end());
  for (const auto& [name, text] : in_order) {
    if (auto put = objects_.put(directory + name, text); !put) return put;
  }
  return database_.write([&](soci::session& sql) -> base::Result<void> {
    for (const std::string& name : publication->complete) {
      sql << "UPDATE renditions SET published = 1 WHERE video = :video AND name = :name",
          soci::use(id), soci::use(name);
    }
    return {};
  });
}

base::Result<void> Work::look_after() {
  const auto expired = queue_.expire(video_fails());
  if (!expired) return std::unexpected(expired.error());
  const auto waiting =
      database_.read([](soci::session& sql) -> base::Result<std::vector<std::string>> {
        std::vector<std::string> videos;
        std::string video;
        soci::statement select =
            (sql.prepare << "SELECT DISTINCT renditions.video FROM renditions "
                            "WHERE renditions.published = 0 AND renditions.units <= "
                            "(SELECT COUNT(DISTINCT outputs.unit) FROM outputs WHERE outputs.video "
                            "= renditions.video AND outputs.rendition = renditions.name AND "
                            "outputs.last = 1)",
             soci::into(video));
        select.execute();
        while (select.fetch()) videos.push_back(video);
        return videos;
      });
  if (!waiting) return std::unexpected(waiting.error());
  for (const std::string& video : *waiting) {
    if (auto published = publish(video); !published) return published;
  }
  return {};
}

}  // namespace origin
