#include "origin/tasks/video_tasks.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "origin/tasks/queue.h"

namespace origin {
namespace {

using nlohmann::json;

// Sound and the lowest rung of every video go before any other rung, and further codecs come when all
// that plays everywhere is there; then older videos before newer.
constexpr std::int64_t kRankSound = 10;
constexpr std::int64_t kRankLowest = 11;
constexpr std::int64_t kRankRest = 20;
constexpr std::int64_t kRankMoreSound = 30;
constexpr std::int64_t kRankMoreRungs = 31;

// Images whose tiles are as far apart as keyframes cost next to nothing and are soon there; closer
// ones, those of a short video, cost up to half of a decode and wait until it is ready.
constexpr std::int64_t kRankCheapImages = 12;
constexpr std::int64_t kRankDearImages = 21;
constexpr std::int64_t kCheapIntervalUs = 5'000'000;

constexpr std::int64_t kImagesLast = 1'000;  // Among renditions.

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

struct Planning {
  soci::session& sql;
  const std::string& video;
  const ProbeResult& probe;
  const Ladder& ladder;
  const std::int64_t now_us;

  void add(TaskKind kind, const std::string& name, std::int64_t rank, const json& spec) const {
    Queue::add(sql,
               {.video = video,
                .kind = kind,
                .key = video + "/" + name,
                .rank = rank,
                .spec = spec.dump()},
               now_us);
  }
};

void add_sound(const Planning& planning, const std::vector<AudioTrack>& tracks) {
  for (const AudioTrack& track : tracks) {
    const json whole{{"duration", track.frames * track.cuts.frame}};
    const bool is_first = &track == &tracks.front();
    add_rendition(planning.sql, planning.video, track.name, "audio", 0, 1, whole.dump());
    planning.add(TaskKind::kAudio, track.name, is_first ? kRankSound : kRankMoreSound,
                 audio_spec(planning.probe, track));
  }
}

void add_images(const Planning& planning, std::int64_t duration_us, const Images& images) {
  const std::string name = "images";
  const json spec = images_spec(planning.probe, duration_us, images);
  add_rendition(planning.sql, planning.video, name, name, kImagesLast, 1, spec.dump());
  const bool is_dear = images.interval_us < kCheapIntervalUs;
  planning.add(TaskKind::kImages, name, is_dear ? kRankDearImages : kRankCheapImages, spec);
}

void add_rungs(const Planning& planning, const VideoTrack& track) {
  std::vector<Rung> all = track.rungs;
  all.insert(all.end(), track.more_rungs.begin(), track.more_rungs.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Rung& rung = all[i];
    const json spec{{"width", rung.width},
                    {"height", rung.height},
                    {"rate", {track.rate.num, track.rate.den}},
                    {"duration", track.frames * track.rate.den}};
    add_rendition(planning.sql, planning.video, rung.name, "video",
                  static_cast<std::int64_t>(i) + 1, static_cast<std::int64_t>(track.units.size()),
                  spec.dump());
  }
  for (const RungTask& task : rung_tasks(track, planning.ladder.first_rung)) {
    for (std::size_t unit = 0; unit < track.units.size(); ++unit) {
      planning.add(TaskKind::kTranscode, task.name + "/" + std::to_string(unit), task.rank,
                   transcode_spec(planning.probe, track, unit, task.rungs, planning.ladder));
    }
  }
}

}  // namespace

base::Result<void> add_video_tasks(soci::session& sql, const std::string& video,
                                   const ProbeResult& probe, const Ladder& ladder,
                                   std::int64_t now_us) {
  const auto plan = plan_for(probe, ladder);
  if (!plan) return std::unexpected(plan.error());
  const std::string kept = probe.told.dump();
  sql << "UPDATE videos SET probe = :probe WHERE id = :id", soci::use(kept), soci::use(video);
  const Planning planning{sql, video, probe, ladder, now_us};
  add_sound(planning, plan->audio);
  if (plan->images) add_images(planning, plan->duration_us, *plan->images);
  if (plan->video) add_rungs(planning, *plan->video);
  return {};
}

}  // namespace origin
