// Purge: what was asked to go, by URL, by prefix of a site and by surrogate key, and which stored
// objects that concerns. Costs O(1) when asked: a purge is a sequence number, not a scan.
//
// Every purge takes the next number of one global sequence. An object carries the sequence that was
// current when its origin request was *sent*; a purge with a higher number that matches the object
// makes it invalid (hard) or stale (soft). So a fill that was under way when the purge came can't
// bring the old bytes back.
//
// A hit compares the object's `purge_checked` with sequence(): equal means nothing has happened
// since it was last checked. Otherwise check() looks the object up in the tables and remembers.
//
// Order of a purge (docs/cache.md "Purge"): number drawn → entry written with a synced write →
// published here (from now on every loop refuses) → acknowledged. The table is bounded: when full,
// the oldest entries are replaced by a floor: every object older than it counts as purged. Nothing
// else forgets entries: an object that stays popular is rewritten by the disk's reclaimer for ever,
// with the sequence of its first request, and only reading every record would tell the oldest.
//
// Threads    check() and sequence() from any thread; publish() from one (the index writer).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/key.h"
#include "cache/record.h"

namespace cache {

enum class PurgeKind : std::uint8_t { kUrl = 1, kPrefix = 2, kTag = 3, kEverything = 4 };

struct Purge {
  PurgeKind kind = PurgeKind::kUrl;
  // kUrl: the key text without a variant, so that all variants go. kPrefix: "SITE\n/path/prefix".
  // kTag: "SITE\ntag". kEverything: "SITE\n", or empty for all sites.
  std::string text;
  bool soft = false;
  std::uint64_t sequence = 0;  // Given by the store.
};

std::uint64_t tag_hash(std::string_view site, std::string_view tag, Seed seed);

enum class PurgeVerdict { kKeep, kSoft, kHard };

class PurgeTable {
 public:
  PurgeTable(Seed seed, std::size_t entries_max);
  PurgeTable(const PurgeTable&) = delete;
  PurgeTable& operator=(const PurgeTable&) = delete;
  ~PurgeTable();

  // The number of the newest published purge; 0 before the first.
  [[nodiscard]] std::uint64_t sequence() const;
  // Updates the object's marks. Cheap when nothing was published since its last check.
  PurgeVerdict check(const Object& object) const;

  void publish(const Purge& purge);
  void set_floor(std::uint64_t sequence);  // Everything admitted before it is gone.
  [[nodiscard]] std::uint64_t floor() const;
  [[nodiscard]] std::size_t entries() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cache
