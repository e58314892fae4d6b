#include "origin/videos/allowance.h"

#include <string>

namespace origin {

base::Result<void> Allowance::check_bytes(std::int64_t owner, std::uint64_t bytes) {
  return database_.read([&](soci::session& sql) -> base::Result<void> {
    std::int64_t used = 0;
    sql << "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM videos WHERE owner = :owner AND "
           "kept_source = 1",
        soci::use(owner), soci::into(used);
    return fits_quota(bytes, static_cast<std::uint64_t>(used), ledger_.quota_in(sql, owner));
  });
}

base::Result<void> Allowance::check_under_way(std::int64_t owner) {
  return database_.read([&](soci::session& sql) -> base::Result<void> {
    std::int64_t under_way = 0;
    sql << "SELECT CAST(COUNT(*) AS BIGINT) FROM videos WHERE owner = :owner AND EXISTS ("
           "SELECT 1 FROM tasks WHERE tasks.video = videos.id AND "
           "state IN ('waiting', 'leased'))",
        soci::use(owner), soci::into(under_way);
    if (under_way < static_cast<std::int64_t>(under_way_max_)) return {};
    return base::fail(base::ErrorCode::kOverloaded,
                      std::to_string(under_way) + " of your videos are under way, and " +
                          std::to_string(under_way_max_) +
                          " may be at a time; wait until one is ready, or delete one",
                      base::Blame::kClient);
  });
}

}  // namespace origin
