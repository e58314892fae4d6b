// Forgotten: the versions that turned out to be worth nothing (a part lost that can't be asked for
// alone, changed at the origin), for as long as the disk tier may still find their records: erasing
// is queued behind other work there and may fail.
//
// Bounded: the oldest go first. One that is found again after that is found out again, no worse.
// Threads    The fill thread of their keys.
#pragma once

#include <cstddef>
#include <deque>
#include <set>

#include "cache/key.h"

namespace cache {

class Forgotten {
 public:
  static constexpr std::size_t kMax = 4'096;

  void add(const Version& version) {
    if (!versions_.insert(version).second) return;
    oldest_first_.push_back(version);
    if (oldest_first_.size() <= kMax) return;
    versions_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  [[nodiscard]] bool has(const Version& version) const { return versions_.contains(version); }

 private:
  std::set<Version> versions_;
  std::deque<Version> oldest_first_;
};

}  // namespace cache
