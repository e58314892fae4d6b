#include "origin/uploads/ledger.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "origin/litter.h"

namespace origin {
namespace {

constexpr std::size_t kRemovedAtOnce = 1'000;
constexpr const char* kBehindAllHashes = "g";  // They are lower-case hex.

// Of a claim: nothing of its owner's uses the chunk.
constexpr const char* kUnused =
    "NOT EXISTS (SELECT 1 FROM upload_chunks JOIN uploads ON uploads.id = upload_chunks.upload "
    "WHERE upload_chunks.hash = claims.hash AND uploads.owner = claims.owner) "
    "AND NOT EXISTS (SELECT 1 FROM source_chunks JOIN videos ON videos.id = source_chunks.video "
    "WHERE source_chunks.hash = claims.hash AND videos.owner = claims.owner)";

// Of these, those that nothing speaks of; a row of damaged tables is enough to spare one.
std::vector<std::string> unknown_of(soci::session& sql, const std::vector<std::string>& hashes) {
  std::vector<std::string> unknown;
  std::string hash;
  int there = 0;
  soci::statement select =
      (sql.prepare << "SELECT CAST(COUNT(*) AS INTEGER) FROM ("
                      "SELECT hash FROM chunks WHERE hash = :a UNION ALL "
                      "SELECT hash FROM claims WHERE hash = :b UNION ALL "
                      "SELECT hash FROM upload_chunks WHERE hash = :c UNION ALL "
                      "SELECT hash FROM source_chunks WHERE hash = :d) AS found",
       soci::use(hash), soci::use(hash), soci::use(hash), soci::use(hash), soci::into(there));
  for (const std::string& one : hashes) {
    hash = one;
    select.execute(true);
    if (there == 0) unknown.push_back(one);
  }
  return unknown;
}

}  // namespace

base::Result<void> fits_quota(std::uint64_t bytes, std::uint64_t used, std::uint64_t quota) {
  const std::uint64_t left = used < quota ? quota - used : 0;
  if (bytes <= left) return {};
  return base::fail(base::ErrorCode::kNoSpace,
                    "your quota has " + std::to_string(left) + " bytes left, and this needs " +
                        std::to_string(bytes) + "; delete a video, or ask for more",
                    base::Blame::kClient);
}

base::Result<std::vector<std::string>> Ledger::missing(std::int64_t owner,
                                                       const std::vector<std::string>& hashes) {
  return database_.read([&](soci::session& sql) -> base::Result<std::vector<std::string>> {
    std::vector<std::string> missing;
    std::set<std::string_view> seen;
    std::string hash;
    std::int64_t there = 0;
    soci::statement select =
        (sql.prepare << "SELECT size FROM claims WHERE owner = :owner AND hash = :hash",
         soci::use(owner), soci::use(hash), soci::into(there));
    for (const std::string& wanted : hashes) {
      if (!seen.insert(wanted).second) continue;
      hash = wanted;
      // A row without its file is damage: whoever has the chunk sends it again.
      if (!select.execute(true) || !chunks_.has(wanted)) missing.push_back(wanted);
    }
    return missing;
  });
}

base::Result<void> Ledger::check_quota(std::int64_t owner, std::uint64_t bytes) {
  return database_.read([&](soci::session& sql) -> base::Result<void> {
    std::int64_t used = 0;
    sql << "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM claims WHERE owner = :owner",
        soci::use(owner), soci::into(used);
    return fits_quota(bytes, static_cast<std::uint64_t>(used), quota_in(sql, owner));
  });
}

std::uint64_t Ledger::quota_in(soci::session& sql, std::int64_t owner) const {
  std::int64_t quota = 0;
  sql << "SELECT quota_bytes FROM owners WHERE id = :owner", soci::use(owner), soci::into(quota);
  return quota > 0 ? static_cast<std::uint64_t>(quota) : limits_.quota.count();
}

base::Result<ChunkRef> Ledger::keep(std::int64_t owner, ChunkStore::Writer writer,
                                    std::string_view expected) {
  const std::uint64_t size = writer.size();
  const std::shared_lock lock(collecting_);
  const auto hash = writer.finish(expected);
  if (!hash) return std::unexpected(hash.error());
  const auto bytes = static_cast<std::int64_t>(size);
  const std::int64_t now = base::wall_us(clock_);
  const std::int64_t expires =
      now + std::chrono::duration_cast<std::chrono::microseconds>(limits_.claim_time).count();
  const auto kept = database_.write([&](soci::session& sql) -> base::Result<void> {
    sql << "INSERT INTO chunks (hash, size, created) VALUES (:hash, :size, :now) "
           "ON CONFLICT DO NOTHING",
        soci::use(*hash), soci::use(bytes), soci::use(now);
    sql << "INSERT INTO claims (owner, hash, size, created, expires) "
           "VALUES (:owner, :hash, :size, :now, :expires) ON CONFLICT DO NOTHING",
        soci::use(owner), soci::use(*hash), soci::use(bytes), soci::use(now), soci::use(expires);
    sql << "UPDATE claims SET expires = :expires WHERE owner = :owner AND hash = :hash",
        soci::use(expires), soci::use(owner), soci::use(*hash);
    return {};
  });
  if (!kept) return std::unexpected(kept.error());
  return ChunkRef{*hash, size};
}

void Ledger::release_source(soci::session& sql, const std::string& video) const {
  std::int64_t owner = 0;
  std::int64_t created = 0;
  sql << "SELECT owner, created FROM videos WHERE id = :id", soci::use(video), soci::into(owner),
      soci::into(created);
  // A claim that lasts longer was made after the video: for something that is yet to come.
  const std::int64_t expires =
      created + std::chrono::duration_cast<std::chrono::microseconds>(limits_.claim_time).count();
  std::set<std::string> hashes;
  {
    std::string hash;
    soci::statement select = (sql.prepare << "SELECT hash FROM source_chunks WHERE video = :video",
                              soci::use(video), soci::into(hash));
    select.execute();
    while (select.fetch()) hashes.insert(hash);
  }
  sql << "DELETE FROM source_chunks WHERE video = :video", soci::use(video);
  sql << "DELETE FROM upload_chunks WHERE upload IN (SELECT id FROM uploads WHERE video = :video)",
      soci::use(video);
  for (const std::string& hash : hashes) {
    sql << std::string(
               "DELETE FROM claims WHERE owner = :owner AND hash = :hash AND "
               "expires <= :expires AND ") +
               kUnused,
        soci::use(owner), soci::use(hash), soci::use(expires);
  }
}

base::Result<int> Ledger::collect() {
  const auto range = next_range();
  if (!range) return std::unexpected(range.error());
  const auto found = unclaimed_in(*range);
  if (!found) return std::unexpected(found.error());
  int removed = 0;
  for (std::span<const std::string> left(*found); !left.empty();) {
    const std::size_t count = std::min(left.size(), kRemovedAtOnce);
    const auto some = remove_unclaimed(left.first(count));
    if (!some) return some;
    removed += *some;
    left = left.subspan(count);
  }
  return removed;
}

base::Result<Ledger::Range> Ledger::next_range() {
  const base::MutexLock lock(mutex_);
  Range range{.after = looked_at_until_, .last = {}};
  const auto last = database_.read([&](soci::session& sql) -> base::Result<std::string> {
    std::string hash;
    sql << "SELECT hash FROM chunks WHERE hash > :after ORDER BY hash LIMIT 1 OFFSET " +
               std::to_string(limits_.looked_at_once - 1),
        soci::use(range.after), soci::into(hash);
    return sql.got_data() ? hash : std::string();
  });
  if (!last) return std::unexpected(last.error());
  range.last = *last;
  looked_at_until_ = range.last;
  return range;
}

base::Result<std::vector<std::string>> Ledger::unclaimed_in(const Range& range) {
  const std::int64_t now = base::wall_us(clock_);
  const std::string last = range.last.empty() ? kBehindAllHashes : range.last;
  return database_.read([&](soci::session& sql) -> base::Result<std::vector<std::string>> {
    std::vector<std::string> hashes;
    std::string hash;
    soci::statement select =
        (sql.prepare << std::string("SELECT hash FROM chunks WHERE hash > :after AND hash <= :last "
                                    "AND (NOT EXISTS (SELECT 1 FROM claims WHERE "
                                    "claims.hash = chunks.hash) OR EXISTS (SELECT 1 FROM claims "
                                    "WHERE claims.hash = chunks.hash AND expires < :now AND ") +
                            kUnused + "))",
         soci::use(range.after), soci::use(last), soci::use(now), soci::into(hash));
    select.execute();
    while (select.fetch()) hashes.push_back(hash);
    return hashes;
  });
}

base::Result<int> Ledger::remove_unclaimed(std::span<const std::string> hashes) {
  const std::unique_lock lock(collecting_);
  const std::int64_t now = base::wall_us(clock_);
  const auto gone =
      database_.write([&](soci::session& sql) -> base::Result<std::vector<std::string>> {
        std::vector<std::string> removed;
        for (const std::string& hash : hashes) {
          // A claim lasts as long as something of its owner's uses the chunk.
          sql << std::string("DELETE FROM claims WHERE hash = :hash AND expires < :now AND ") +
                     kUnused,
              soci::use(hash), soci::use(now);
          int claims = 0;
          sql << "SELECT CAST(COUNT(*) AS INTEGER) FROM claims WHERE hash = :hash", soci::use(hash),
              soci::into(claims);
          if (claims > 0) continue;
          sql << "DELETE FROM chunks WHERE hash = :hash", soci::use(hash);
          removed.push_back(hash);
        }
        return removed;
      });
  if (!gone) return std::unexpected(gone.error());
  for (const std::string& hash : *gone) {
    if (auto removed = chunks_.remove(hash); !removed) {
      base::log_warning("chunk.not_removed", {{"reason", removed.error().context}});
    }
  }
  return static_cast<int>(gone->size());
}

base::Result<int> Ledger::collect_litter() {
  const auto directory = chunks_.directory_of(next_directory_++);
  const std::int64_t before = base::wall_us(clock_) - kLitterAge.count();
  std::vector<std::string> old = names_older_than(directory, before);
  std::erase_if(old, [](const std::string& name) { return !base::is_sha256_hex(name); });
  if (old.empty()) return 0;
  // Nobody keeps a chunk from here on: one that was sent again meanwhile is young, or has its row.
  const std::unique_lock lock(collecting_);
  const auto unknown =
      database_.read([&](soci::session& sql) -> base::Result<std::vector<std::string>> {
        return unknown_of(sql, old);
      });
  if (!unknown) return std::unexpected(unknown.error());
  int removed = 0;
  for (const std::string& hash : *unknown) {
    if (!is_older_than(directory / hash, before)) continue;
    if (auto done = chunks_.remove(hash); !done) return std::unexpected(done.error());
    ++removed;
  }
  return removed;
}

}  // namespace origin
