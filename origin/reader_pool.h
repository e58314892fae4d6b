// ReaderPool: the threads that wait for disks, so that event loops need not.
//
// Ownership  Destroying the pool waits for the jobs that run and drops those that wait. Jobs post
//            their results to loops: destroy the pool before the loops.
// Threads    run() from any thread. Jobs run side by side, in about the order given.
// Limits     The queue is not bounded here: an exchange has at most one job at a time, and the
//            wire bounds the exchanges.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"

namespace origin {

class ReaderPool {
 public:
  using Job = std::move_only_function<void()>;

  explicit ReaderPool(std::uint32_t threads);
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;
  ~ReaderPool();

  void run(Job job);

 private:
  void work();

  base::Mutex mutex_;
  base::Condition changed_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<base::Thread> threads_;
};

}  // namespace origin
