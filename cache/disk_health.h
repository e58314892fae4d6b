// DiskHealth: whether the disk is still worth asking. One bad block is a miss; errors without a
// success in between mean that the device is failing, and then every call would wait for it.
//
// Threads  Any. Once out it stays out until the process restarts: an operator has to look.
#pragma once

#include <atomic>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace cache {

class DiskHealth {
 public:
  static constexpr int kErrorsInARowMax = 8;

  explicit DiskHealth(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] bool healthy() const { return !out_.load(std::memory_order_relaxed); }

  void worked() {
    if (errors_in_a_row_.load(std::memory_order_relaxed) != 0) errors_in_a_row_ = 0;
  }
  // Only the device's own errors count; a full disk, a missing file or bad bytes don't.
  void failed(const base::Error& error) {
    if (error.code != base::ErrorCode::kIo && error.code != base::ErrorCode::kDenied) return;
    if (errors_in_a_row_.fetch_add(1) + 1 >= kErrorsInARowMax) take_out(error);
  }
  void take_out(const base::Error& error) {
    if (out_.exchange(true)) return;
    base::log_error("cache.disk_taken_out", {{"path", path_}, {"reason", error.context}});
  }

 private:
  const std::string path_;
  std::atomic<int> errors_in_a_row_{0};
  std::atomic<bool> out_{false};
};

}  // namespace cache
