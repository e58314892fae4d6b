// TaskCount: how many tasks of an owner are queued or running on executors, so that the owner can
// wait for the last one before it goes. A task that its executor destroys unrun counts as ended.
//
// Threads  Any; wait_until_idle() not from a counted task.
#pragma once

#include <cstddef>
#include <utility>

#include "base/executor.h"
#include "base/mutex.h"

namespace cache {

class TaskCount {
 public:
  // Posts `task`, counted until it has run or was destroyed.
  template <class Task>
  void post(base::Executor& executor, Task task) {
    executor.post([counted = Counted(*this), task = std::move(task)]() mutable { task(); });
  }

  void wait_until_idle() {
    const base::MutexLock lock(mutex_);
    while (count_ > 0) changed_.wait(mutex_);
  }

 private:
  class Counted {
   public:
    explicit Counted(TaskCount& tasks) : tasks_(&tasks) {
      const base::MutexLock lock(tasks_->mutex_);
      ++tasks_->count_;
    }
    Counted(Counted&& other) noexcept : tasks_(std::exchange(other.tasks_, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (tasks_ == nullptr) return;
      // Told under the lock: the waiter may destroy the count as soon as it has it.
      const base::MutexLock lock(tasks_->mutex_);
      if (--tasks_->count_ == 0) tasks_->changed_.notify_all();
    }

   private:
    TaskCount* tasks_;
  };

  base::Mutex mutex_;
  base::Condition changed_;
  std::size_t count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace cache
