// StandardError: the last words of a child, for the reason why it crashed.
//
// A child may write without end. What is kept is bounded, and so is how fast it is read: a flood
// waits in the pipe, and its writer with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace worker::sandbox {

class StandardError {
 public:
  static constexpr std::size_t kKept = 8'192;
  static constexpr std::chrono::milliseconds kPause{5};  // After a piece of 32 KiB: 6.5 MB/s.

  static base::Result<StandardError> make();
  [[nodiscard]] int child_end() const { return write_end_.get(); }
  void close_child_end() { write_end_.reset(); }

  // To poll for reading; -1 when nothing is to be read: the child closed it, or it pauses.
  [[nodiscard]] int readable(base::MonoTime now) const;
  [[nodiscard]] bool pauses(base::MonoTime now) const { return now < due_; }
  void read_some(base::MonoTime now);  // One piece, without blocking.
  std::string take_tail();             // Reads what is left, up to a pipe's fill.

 private:
  StandardError(base::UniqueFd read_end, base::UniqueFd write_end)
      : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}
  bool read_piece();

  base::UniqueFd read_end_;
  base::UniqueFd write_end_;
  base::MonoTime due_{};
  std::string tail_;
};

}  // namespace worker::sandbox
