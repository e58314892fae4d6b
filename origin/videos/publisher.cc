#include "origin/videos/publisher.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "package/manifests.h"

namespace origin {

using base::ErrorCode;

base::Result<void> Publisher::publish(std::string_view video) {
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

base::Result<void> Publisher::write_manifests(const std::string& directory,
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
    if (auto put = objects_.update(directory + name, text); !put) return put;
  }
  return {};
}

bool Publisher::publish_or_log(std::string_view video) {
  const auto published = publish(video);
  if (!published) {
    base::log_error("video.not_published",
                    {{"video", std::string(video)}, {"reason", published.error().context}});
  }
  return published.has_value();
}

base::Result<void> Publisher::catch_up() {
  const auto behind = videos_behind(database_);
  if (!behind) return std::unexpected(behind.error());
  for (const std::string& video : *behind) publish_or_log(video);
  return {};
}

}  // namespace origin
