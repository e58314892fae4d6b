// WorkerPool: an Executor over a few named threads, for work that may block (disks, DNS, logs).
//
// With one thread, tasks run in the order posted; with more, they start in that order. The queue is
// not bounded here: who posts bounds what it has under way.
//
// Ownership  Destroying the pool runs what is queued, then joins.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace base {

class WorkerPool final : public Executor {
 public:
  WorkerPool(std::string_view name, std::size_t threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool() override;

  void post(Task task) override;

 private:
  void work();

  Mutex mutex_;
  Condition changed_;
  std::deque<Task> tasks_ GUARDED_BY(mutex_);
  bool is_closing_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_;
};

}  // namespace base
