#include "origin/tasks/work.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "origin/litter.h"
#include "origin/tasks/video_tasks.h"
#include "origin/videos/originals.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;

// What was made carries its content's hash, so that it never changes under its name.
std::string object_name(const std::string& video, const PlannedOutput& output,
                        std::string_view hash) {
  const std::string digits(name_digits(hash));
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
bool is_needed(TaskKind kind) { return kind != TaskKind::kImages; }

// Of a video whose tasks are as they are: why the first that it needs was parked. Empty: none is.
std::string failure_of(soci::session& sql, const std::string& video) {
  const std::string images(name_of(TaskKind::kImages));
  std::string reason;
  sql << "SELECT reason FROM tasks WHERE video = :video AND state = 'parked' AND kind <> :images "
         "ORDER BY id LIMIT 1",
      soci::use(video), soci::use(images), soci::into(reason);
  return sql.got_data() ? reason : std::string();
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

// Of what is there of a rendition's unit.
std::set<std::string> stored_keys(soci::session& sql, const std::string& video,
                                  const PlannedOutput& any) {
  std::set<std::string> keys;
  std::string key;
  soci::statement select =
      (sql.prepare << "SELECT key FROM outputs WHERE video = :video AND rendition = :rendition AND "
                      "unit = :unit",
       soci::use(video), soci::use(any.rendition), soci::use(any.unit), soci::into(key));
  select.execute();
  while (select.fetch()) keys.insert(key);
  return keys;
}

// Whether all units have come to their ends in one of the renditions that these outputs are of.
bool is_any_whole(soci::session& sql, const std::string& video,
                  const std::vector<PlannedOutput>& outputs) {
  std::set<std::string> names;
  for (const PlannedOutput& output : outputs) names.insert(output.rendition);
  return std::ranges::any_of(names, [&](const std::string& name) {
    int whole = 0;
    sql << "SELECT CAST(COUNT(*) AS INTEGER) FROM renditions WHERE video = :video AND name = :name "
           "AND units <= (SELECT COUNT(DISTINCT unit) FROM outputs WHERE outputs.video = "
           "renditions.video AND outputs.rendition = renditions.name AND outputs.last = 1)",
        soci::use(video), soci::use(name), soci::into(whole);
    return whole > 0;
  });
}

// Of what the task is to leave.
std::vector<std::string> missing_of(soci::session& sql, const std::string& video,
                                    const std::vector<PlannedOutput>& outputs) {
  std::set<std::pair<std::string, std::int64_t>> units;
  std::set<std::string> there;
  std::vector<std::string> missing;
  for (const PlannedOutput& output : outputs) {
    if (units.emplace(output.rendition, output.unit).second) {
      there.merge(stored_keys(sql, video, output));
    }
    if (!there.contains(output.key)) missing.push_back(output.key);
  }
  return missing;
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

// Deleted meanwhile, a video has taken its objects with it, but for one that came after. Its task
// tells nothing of that: another's may have the id by now.
base::Result<void> Work::remove_if_gone(const std::string& video) {
  const auto gone = ids_without_row(database_, "videos", {video});
  if (!gone) return std::unexpected(gone.error());
  return gone->empty() ? base::Result<void>() : objects_.remove("media/" + video);
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
  const bool is_init = planned->form == PlannedOutput::Form::kInit;
  std::optional<base::MutexLock> one_init;
  if (is_init) one_init.emplace(storing_init_);
  // The bytes first, then the row that says that they are there.
  const auto put = objects_.put_once(name, output.bytes);
  if (!put) return std::unexpected(put.error());
  const auto kept = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto good = queue_.check(sql, task.task, task.id); !good) {
      return std::unexpected(good.error());
    }
    if (is_init && differs_from_others(sql, task.video, *planned, hash)) {
      return base::fail(ErrorCode::kInvalid,
                        planned->key + ": it differs from the other units' init segments",
                        base::Blame::kClient);
    }
    put_row(sql, task.video, *planned, name, output.bytes.size(), hash, *about);
    return {};
  });
  if (!kept) {
    const bool is_refused = kept.error().code == ErrorCode::kInvalid;
    const auto removed = is_refused && *put == ObjectWriter::Put::kNew ? objects_.remove(name)
                                                                       : remove_if_gone(task.video);
    return std::unexpected(removed ? kept.error() : removed.error());
  }
  return *put == ObjectWriter::Put::kNew ? Stored::kNew : Stored::kThereAlready;
}

base::Result<std::vector<std::string>> Work::complete(const Lease& task, const json& result) {
  bool completes = false;
  auto missing = queue_.complete(
      task.task, task.id,
      [&](soci::session& sql, const Lease& leased) -> base::Result<Queue::Missing> {
        completes = false;  // Whatever a run that was undone found.
        if (leased.kind == TaskKind::kProbe) {
          const auto probe = read_probe_result(result);
          if (!probe) return std::unexpected(probe.error());
          auto added = add_video_tasks(sql, leased.video, *probe, ladder_, base::wall_us(clock_));
          if (!added) return std::unexpected(added.error());
          return {};
        }
        const auto outputs = planned_outputs(leased.kind, leased.spec);
        if (!outputs) return std::unexpected(outputs.error());
        auto left = missing_of(sql, leased.video, *outputs);
        // Manifests name whole renditions alone.
        completes = left.empty() && is_any_whole(sql, leased.video, *outputs);
        if (completes) note_change(sql, leased.video);
        return left;
      });
  if (missing && completes) {
    // It is done whether or not the manifests can be written now: Publisher::catch_up() tries again.
    publisher_.publish_or_log(task.video);
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
    const std::string failure = failure_of(sql, parked.video);
    sql << "UPDATE videos SET failure = :failure WHERE id = :id", soci::use(failure),
        soci::use(parked.video);
    return {};
  });
}

base::Result<void> Work::take_back_lost() {
  const auto expired = queue_.expire(video_fails());
  if (!expired) return std::unexpected(expired.error());
  return {};
}

}  // namespace origin
