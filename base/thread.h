// Thread: a named thread that is joined when its object goes away.
//
// The name shows in top, perf and core dumps (15 characters are kept). Signals are blocked in the
// new thread, so that they arrive where base/signals.h waits for them. The body must not throw.
#pragma once

#include <functional>
#include <string_view>
#include <thread>

namespace base {

class Thread {
 public:
  Thread() = default;  // Not a thread yet; assign one.
  Thread(std::string_view name, std::move_only_function<void()> body);
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&&) noexcept = default;  // Joins the one it replaces.

  void join();  // Does nothing when already joined or never started.

 private:
  std::jthread thread_;
};

}  // namespace base
