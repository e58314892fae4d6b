#include "origin/tasks/work.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "origin/litter.h"
#include "origin/object_store.h"
#include "origin/videos/originals.h"
#include "package/manifests.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;

// Sound and the lowest rung of every video go before any other rung; further codecs come when
// all that plays everywhere is there; then older videos before newer.
// Images of a long video cost next to nothing and are soon there; in a short one, whose tiles lie closer
// than keyframes do, they cost up to half of a decode and wait until it is ready.
constexpr std::int64_t kRankSound = 10;
constexpr std::int64_t kRankLowest = 11;
constexpr std::int64_t kRankCheapImages = 12;
constexpr std::int64_t kRankRest = 20;
constexpr std::int64_t kRankDearImages = 21;
constexpr std::int64_t kCheapIntervalUs = 5'000'000;
constexpr std::int64_t kRankMoreSound = 30;
constexpr std::int64_t kRankMoreRungs = 31;

constexpr std::string_view kImages = "images";
constexpr std::int64_t kImagesLast = 1'000;  // Among renditions.

constexpr std::size_t kNameHashDigits = 32;

// What was made carries its content's hash, so that it never changes under its name.
std::string object_name(const std::string& video, const PlannedOutput& output,
                        std::string_view hash) {
  const std::string digits(hash.substr(0, kNameHashDigits));
  const std::string directory = "media/" + video + "/" + output.rendition + "/";
  switch (output.form) {
    case PlannedOutput::Form::kInit:
      return directory + "init-" + digits + ".mp4";
    case PlannedOutput::Form::kPoster:
      return directory + "poster-" + digits + ".jpg";
    case PlannedOutput::Form::kSheet:
      return directory + "sheet-" + digits + ".jpg";
    case PlannedOutput::Form::kSegment:
      break;
  }
  return directory + digits + ".m4s";
}

// Whether a video can't be played as it was meant to be without what such a task makes.
bool is_needed(std::string_view kind) { return kind != kImages; }

void add_rendition(soci::session& sql, const std::string& video, const std::string& name,
                   const std::string& kind, std::int64_t rank, std::int64_t units,
                   const std::string& spec) {
  sql << "INSERT INTO renditions (video, name, kind, rank, units, spec, published) "
         "VALUES (:video, :name, :kind, :rank, :units, :spec, 0) ON CONFLICT DO NOTHING",
      soci::use(video), soci::use(name), soci::use(kind), soci::use(rank), soci::use(units),
      soci::use(spec);
}

// Rungs that a task makes of one unit, decoding it once.
struct RungTask {
  std::string name;
  std::int64_t rank = 0;
  std::vector<Rung> rungs;
};

// A rung of a further codec has a task of its own: its encoding costs far more than the decoding, and
// the threads of two encoders of AV1 are more than the sandbox allows.
std::vector<RungTask> rung_tasks(const VideoTrack& track, FirstRung first_rung) {
  const bool early = first_rung == FirstRung::kEarly;
  const auto split = early ? track.rungs.begin() + 1 : track.rungs.end();
  std::vector<RungTask> tasks{
      {early ? "lowest" : "all", kRankLowest, {track.rungs.begin(), split}}};
  if (split != track.rungs.end()) tasks.push_back({"rest", kRankRest, {split, track.rungs.end()}});
  for (const Rung& rung : track.more_rungs) tasks.push_back({rung.name, kRankMoreRungs, {rung}});
  return tasks;
}

// Whether another unit's init segment of the rendition has other bytes.
bool differs_from_others(soci::session& sql, const std::string& video, const PlannedOutput& init,
                         const std::string& hash) {
  int others = 0;
  sql << "SELECT CAST(COUNT(*) AS INTEGER) FROM outputs WHERE video = :video AND "
         "rendition = :rendition AND key LIKE '%/init' AND key <> :key AND hash <> :hash",
      soci::use(video), soci::use(init.rendition), soci::use(init.key), soci::use(hash),
      soci::into(others);
  return others > 0;
}

void put_row(soci::session& sql, const std::string& video, const PlannedOutput& output,
             const std::string& object, std::size_t bytes, const std::string& hash,
             const std::string& about) {
  const auto size = static_cast<std::int64_t>(bytes);
  const std::int64_t last = output.ends_unit ? 1 : 0;
  sql << "DELETE FROM outputs WHERE video = :video AND key = :key", soci::use(video),
      soci::use(output.key);
  sql << "INSERT INTO outputs (video, key, rendition, unit, object, size, hash, about, last) "
         "VALUES (:video, :key, :rendition, :unit, :object, :size, :hash, :about, :last)",
      soci::use(video), soci::use(output.key), soci::use(output.rendition), soci::use(output.unit),
      soci::use(object), soci::use(size), soci::use(hash), soci::use(about), soci::use(last);
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

base::Result<std::string> Work::describe(const Lease& task, const PlannedOutput& planned,
                                         std::string_view bytes) {
  using Form = PlannedOutput::Form;
  if (planned.form == Form::kInit) return describe_init(planned, bytes);
  if (planned.form != Form::kSegment) return describe_image(planned, bytes);
  const std::string key = planned.init_key();
  const auto init = database_.read([&](soci::session& sql) -> base::Result<std::string> {
    std::string about;
    sql << "SELECT about FROM outputs WHERE video = :video AND key = :key", soci::use(task.video),
        soci::use(key), soci::into(about);
    return about;
  });
  if (!init) return std::unexpected(init.error());
  if (init->empty()) {
    return base::fail(ErrorCode::kInvalid, planned.key + ": store " + key + " before it",
                      base::Blame::kClient);
  }
  return describe_segment(planned, *init, bytes);
}

base::Result<Work::Stored> Work::store(const Lease& task, const Output& output) {
  const auto outputs = planned_outputs(task.kind, task.spec);
  if (!outputs) return std::unexpected(outputs.error());
  const auto planned = std::ranges::find(*outputs, output.key, &PlannedOutput::key);
  if (planned == outputs->end()) {
    return base::fail(ErrorCode::kInvalid, "this task leaves no output \"" + output.key + "\"",
                      base::Blame::kClient);
  }
  const auto about = describe(task, *planned, output.bytes);
  if (!about) return std::unexpected(about.error());
  const std::string hash = base::Sha256::hex_of(output.bytes);
  const std::string name = object_name(task.video, *planned, hash);
  // The bytes first, then the row that says that they are there.
  const bool there = objects_.has(name);
  if (!there) {
    if (auto put = objects_.put(name, output.bytes); !put) return std::unexpected(put.error());
  }
  const auto kept = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto good = queue_.check(sql, task.task, task.id); !good) {
      return std::unexpected(good.error());
    }
    if (planned->form == PlannedOutput::Form::kInit &&
        differs_from_others(sql, task.video, *planned, hash)) {
      return base::fail(ErrorCode::kInvalid,
                        planned->key + ": it differs from the other units' init segments",
                        base::Blame::kClient);
    }
    put_row(sql, task.video, *planned, name, output.bytes.size(), hash, *about);
    return {};
  });
  if (!kept && kept.error().code == ErrorCode::kNotFound) {
    // The video was deleted meanwhile, and its objects with it, but for this one.
    if (auto removed = objects_.remove("media/" + task.video); !removed) {
      return std::unexpected(removed.error());
    }
  }
  if (!kept) return std::unexpected(kept.error());
  return there ? Stored::kThereAlready : Stored::kNew;
}

base::Result<void> Work::plan_video(soci::session& sql, const Lease& task, const json& probe) {
  const auto plan = plan_for(probe, ladder_);
  if (!plan) return std::unexpected(plan.error());
  const std::int64_t now = base::wall_us(clock_);
  const std::string kept = probe.dump();
  sql << "UPDATE videos SET probe = :probe WHERE id = :id", soci::use(kept), soci::use(task.video);
  for (const AudioTrack& track : plan->audio) {
    const std::string spec = audio_spec(probe, track).dump();
    const json whole{{"duration", track.frames * track.frame}};
    const bool is_first = &track == &plan->audio.front();
    add_rendition(sql, task.video, track.name, "audio", 0, 1, whole.dump());
    Queue::add(sql,
               {.video = task.video,
                .kind = "audio",
                .key = task.video + "/" + track.name,
                .rank = is_first ? kRankSound : kRankMoreSound,
                .spec = spec},
               now);
  }
  if (plan->images) {
    const std::string spec = images_spec(probe, plan->duration_us, *plan->images).dump();
    const std::string name(kImages);
    add_rendition(sql, task.video, name, name, kImagesLast, 1, spec);
    Queue::add(
        sql,
        {.video = task.video,
         .kind = name,
         .key = task.video + "/images",
         .rank = plan->images->interval_us < kCheapIntervalUs ? kRankDearImages : kRankCheapImages,
         .spec = spec},
        now);
  }
  if (!plan->video) return {};
  const VideoTrack& track = *plan->video;
  std::vector<Rung> all = track.rungs;
  all.insert(all.end(), track.more_rungs.begin(), track.more_rungs.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Rung& rung = all[i];
    const json spec{{"width", rung.width},
                    {"height", rung.height},
                    {"rate", {track.rate.num, track.rate.den}},
                    {"duration", track.frames * track.rate.den}};
    add_rendition(sql, task.video, rung.name, "video", static_cast<std::int64_t>(i) + 1,
                  static_cast<std::int64_t>(track.units.size()), spec.dump());
  }
  for (const RungTask& made_at_once : rung_tasks(track, ladder_.first_rung)) {
    for (std::size_t unit = 0; unit < track.units.size(); ++unit) {
      Queue::add(sql,
                 {.video = task.video,
                  .kind = "transcode",
                  .key = task.video + "/" + made_at_once.name + "/" + std::to_string(unit),
                  .rank = made_at_once.rank,
                  .spec = transcode_spec(probe, track, unit, made_at_once.rungs, ladder_).dump()},
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
        const auto outputs = planned_outputs(leased.kind, leased.spec);
        if (!outputs) return std::unexpected(outputs.error());
        for (const PlannedOutput& output : *outputs) {
          if (!there.contains(output.key)) missing.push_back(output.key);
        }
        if (missing.empty()) {
          note_change(sql, leased.video);
          return {};
        }
        return base::fail(ErrorCode::kInvalid, "outputs are missing", base::Blame::kClient);
      });
  if (!missing.empty()) return missing;
  if (!done) return std::unexpected(done.error());
  if (task.kind != "probe") {
    // It is done whether or not the manifests can be written now: look_after() tries again.
    publish_or_log(task.video);
  }
  return missing;
}

Queue::AndThen Work::video_fails() const {
  return [](soci::session& sql, const Lease& task) -> base::Result<void> {
    if (!is_needed(task.kind)) return {};
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
    if (auto there = check_original(sql, parked.video); !there) return there;
    if (!is_needed(parked.kind)) return {};
    sql << "UPDATE videos SET failure = '' WHERE id = :id", soci::use(parked.video);
    return {};
  });
}

base::Result<void> Work::publish(std::string_view video) {
  const base::MutexLock lock(publishing_);
  const std::string id(video);
  const std::string directory = "media/" + id + "/";
  const auto publication = read_publication(database_, id);
  if (!publication) {
    if (publication.error().code == ErrorCode::kNotFound) return {};
    return std::unexpected(publication.error());
  }
  if (!publication->poster.empty()) {
    if (auto put = objects_.copy(publication->poster, directory + "poster.jpg"); !put) return put;
  }
  if (publication->can_be_played()) {
    if (auto written = write_manifests(directory, *publication); !written) return written;
  }
  const auto noted =
      database_.write([&](soci::session& sql) { return note_written(sql, id, *publication); });
  if (!noted && noted.error().code == ErrorCode::kNotFound) {
    // Removed meanwhile, with all that it had but for what was written since.
    return objects_.remove("media/" + id);
  }
  return noted;
}

base::Result<void> Work::write_manifests(const std::string& directory,
                                         const Publication& publication) {
  auto manifests = package::manifests(publication.presentation);
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
  return {};
}

bool Work::publish_or_log(std::string_view video) {
  const auto published = publish(video);
  if (!published) {
    base::log_error("video.not_published",
                    {{"video", std::string(video)}, {"reason", published.error().context}});
  }
  return published.has_value();
}

base::Result<void> Work::look_after() {
  const auto expired = queue_.expire(video_fails());
  if (!expired) return std::unexpected(expired.error());
  const auto behind = videos_behind(database_);
  if (!behind) return std::unexpected(behind.error());
  for (const std::string& video : *behind) publish_or_log(video);
  return {};
}

base::Result<int> Work::collect_litter() {
  const std::vector<std::string> old =
      objects_.older_than("media", base::wall_us(clock_) - kLitterAge.count());
  // A video's row comes before its first object and ids are never used again: no row will come.
  const auto gone =
      database_.read([&](soci::session& sql) -> base::Result<std::vector<std::string>> {
        std::vector<std::string> unknown;
        std::string id;
        std::int64_t owner = 0;
        soci::statement select = (sql.prepare << "SELECT owner FROM videos WHERE id = :id",
                                  soci::use(id), soci::into(owner));
        for (const std::string& one : old) {
          id = one;
          if (!select.execute(true)) unknown.push_back(one);
        }
        return unknown;
      });
  if (!gone) return std::unexpected(gone.error());
  int removed = 0;
  for (const std::string& id : *gone) {
    const std::string name = "media/" + id;
    if (!is_object_name(name)) continue;  // Not of ours.
    if (auto done = objects_.remove(name); !done) return std::unexpected(done.error());
    ++removed;
  }
  return removed;
}

}  // namespace origin
