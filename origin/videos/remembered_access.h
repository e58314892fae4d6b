// RememberedAccess: what videos' access is ("public" or "private"), so that a request for media does
// not cost a query. It never changes while the video is there: forget() ends it.
//
// Threads    All calls from any. Once forget() has returned, nothing that was looked up before it is
//            told any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"

namespace origin {

class RememberedAccess {
 public:
  static constexpr std::size_t kVideosMax = 10'000;

  // What is remembered; else what `lookup` says, which is called outside of any lock and whose
  // errors are not remembered.
  using Lookup = std::function<base::Result<std::string>(std::string_view video)>;
  base::Result<std::string> of(std::string_view video, const Lookup& lookup);

  // After the row is gone.
  void forget(std::string_view video);

 private:
  base::Mutex mutex_;
  std::map<std::string, std::string, std::less<>> known_ GUARDED_BY(mutex_);
  // Counts forget(): what a lookup found before one may have been forgotten by it.
  std::uint64_t forgotten_ GUARDED_BY(mutex_) = 0;
};

}  // namespace origin
