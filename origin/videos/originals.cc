#include "origin/videos/originals.h"

#include <string>
#include <vector>

namespace origin {
namespace {

// What is in the way of letting go is what rows say, not what was seen of them earlier: this is asked
// in the transaction that lets go.
constexpr const char* kNotNeeded =
    "SELECT id FROM videos WHERE kept_source = 1 AND failure = '' "
    "AND EXISTS (SELECT 1 FROM renditions WHERE video = videos.id AND kind <> 'images') "
    "AND NOT EXISTS (SELECT 1 FROM renditions WHERE video = videos.id AND kind <> 'images' "
    "AND published = 0) "
    "AND NOT EXISTS (SELECT 1 FROM tasks WHERE video = videos.id AND state <> 'done' "
    "AND (kind <> 'images' OR state <> 'parked')) LIMIT 100";

std::vector<std::string> not_needed(soci::session& sql) {
  std::vector<std::string> videos;
  std::string video;
  soci::statement select = (sql.prepare << kNotNeeded, soci::into(video));
  select.execute();
  while (select.fetch()) videos.push_back(video);
  return videos;
}

}  // namespace

base::Result<int> Originals::let_go() {
  if (keep_ == KeepOriginals::kAlways) return 0;
  const auto any = database_.read(
      [](soci::session& sql) -> base::Result<bool> { return !not_needed(sql).empty(); });
  if (!any) return std::unexpected(any.error());
  if (!*any) return 0;
  return database_.write([&](soci::session& sql) -> base::Result<int> {
    const std::vector<std::string> videos = not_needed(sql);
    for (const std::string& video : videos) {
      ledger_.release_source(sql, video);
      sql << "UPDATE videos SET kept_source = 0 WHERE id = :id", soci::use(video);
    }
    return static_cast<int>(videos.size());
  });
}

base::Result<void> check_original(soci::session& sql, const std::string& video) {
  std::int64_t kept = 0;
  sql << "SELECT kept_source FROM videos WHERE id = :id", soci::use(video), soci::into(kept);
  if (!sql.got_data() || kept != 0) return {};
  return base::fail(base::ErrorCode::kBusy,
                    "the original of this video was let go when it was ready (originals.keep): "
                    "nothing can be made of it any more; make another video of the file",
                    base::Blame::kClient);
}

}  // namespace origin
