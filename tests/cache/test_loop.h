// One thread for everything: tasks run in the order posted, when the test says so.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"

namespace cache {

class TestLoop final : public base::Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }

  // Until nothing is left to do.
  void run() {
    while (run_one()) {
    }
  }
  bool run_one() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }

  // As FillThread::after.
  void after(std::chrono::milliseconds delay, Task task) {
    timers_.emplace(clock_.mono() + delay, std::move(task));
  }
  // Moves the clock, running what becomes due on the way.
  void advance(std::chrono::milliseconds by) {
    const base::MonoTime end = clock_.mono() + by;
    run();
    while (!timers_.empty() && timers_.begin()->first <= end) {
      auto due = timers_.extract(timers_.begin());
      if (due.key() > clock_.mono()) {
        clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(due.key() - clock_.mono()));
      }
      due.mapped()();
      run();
    }
    if (end > clock_.mono()) {
      clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(end - clock_.mono()));
    }
  }

  [[nodiscard]] base::ManualClock& clock() { return clock_; }

 private:
  base::ManualClock clock_;
  std::deque<Task> tasks_;
  std::multimap<base::MonoTime, Task> timers_;
};

}  // namespace cache
