// Ledger: which chunks are there, and who has sent them. docs/platform.md, "Tables".
//
// "Missing" is answered from an owner's own claims, so that nobody can ask what others have stored;
// a chunk that two owners send lies on disk once.
//
// A chunk becomes acknowledged (rename, then row) and is collected (row, then file) under one lock,
// so that a chunk which is sent again while it is being collected is there afterwards.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database and ChunkStore; kNoSpace from reserve(): the owner's quota.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/uploads/chunk_store.h"

namespace origin {

struct ChunkRef {
  std::string hash;
  std::uint64_t size = 0;
};

struct LedgerLimits {
  base::Bytes quota{100ull << 30};  // Of an owner without one of his own.
  std::chrono::milliseconds claim_time =
      std::chrono::hours(24 * 7);  // How long a chunk that nothing uses yet is kept.
  int looked_at_once = 5'000;      // Chunks that a collect() looks at.
};

// kNoSpace by the client, in a sentence: `used` and `bytes` more are beyond the quota.
base::Result<void> fits_quota(std::uint64_t bytes, std::uint64_t used, std::uint64_t quota);

class Ledger {
 public:
  Ledger(Database& database, ChunkStore& chunks, const base::Clock& clock, LedgerLimits limits)
      : database_(database), chunks_(chunks), clock_(clock), limits_(limits) {}

  // In the order asked, each once.
  base::Result<std::vector<std::string>> missing(std::int64_t owner,
                                                 const std::vector<std::string>& hashes);

  // Whether the owner may have so many bytes more; says how many are left when not.
  base::Result<void> check_quota(std::int64_t owner, std::uint64_t bytes);

  // Inside a transaction: the bytes that the owner may have.
  std::uint64_t quota_in(soci::session& sql, std::int64_t owner) const;

  // Makes what was written durable and the owner's. Its hash; `expected` as in Writer::finish().
  base::Result<ChunkRef> keep(std::int64_t owner, ChunkStore::Writer writer,
                              std::string_view expected);

  // Inside a transaction: the video's source is needed no longer. The list of its chunks goes, and the
  // owner's claims to those that nothing else of his uses, unless he has sent them again since.
  void release_source(soci::session& sql, const std::string& video) const;

  // Of the next chunks in the order of their hashes, and round again: removes those that no upload and
  // no video uses and that nobody has claimed lately. How many. It looks without keeping anyone waiting;
  // chunks are kept from becoming acknowledged only while some are removed.
  base::Result<int> collect();
  // Removes old files of chunks that no row speaks of, in the next of the store's 256 directories.
  // How many.
  base::Result<int> collect_litter();

  [[nodiscard]] ChunkStore& chunks() { return chunks_; }

 private:
  // Hashes behind `after` and up to `last`; empty: without end.
  struct Range {
    std::string after, last;
  };
  base::Result<Range> next_range();
  // Chunks without a claim, or with one that has expired and that nothing of its owner's makes use of.
  base::Result<std::vector<std::string>> unclaimed_in(const Range& range);
  // Removes such claims, and the chunks that have none left. How many chunks.
  base::Result<int> remove_unclaimed(std::span<const std::string> hashes);

  Database& database_;
  ChunkStore& chunks_;
  const base::Clock& clock_;
  const LedgerLimits limits_;
  std::shared_mutex collecting_;  // Shared: keeping.
  base::Mutex mutex_;
  std::string looked_at_until_ GUARDED_BY(mutex_);  // The hash; empty: from the start.
  std::atomic<std::uint8_t> next_directory_{0};
};

}  // namespace origin
