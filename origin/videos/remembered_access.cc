#include "origin/videos/remembered_access.h"

namespace origin {

base::Result<std::string> RememberedAccess::of(std::string_view video, const Lookup& lookup) {
  std::uint64_t forgotten_before = 0;
  {
    const base::MutexLock lock(mutex_);
    if (const auto known = known_.find(video); known != known_.end()) return known->second;
    forgotten_before = forgotten_;
  }
  auto access = lookup(video);
  if (!access) return access;
  const base::MutexLock lock(mutex_);
  if (forgotten_ != forgotten_before) return access;
  if (known_.size() >= kVideosMax) known_.clear();
  known_.emplace(video, *access);
  return access;
}

void RememberedAccess::forget(std::string_view video) {
  const base::MutexLock lock(mutex_);
  ++forgotten_;
  if (const auto known = known_.find(video); known != known_.end()) known_.erase(known);
}

}  // namespace origin
