#include "origin/reader_pool.h"

#include <utility>

namespace origin {

ReaderPool::ReaderPool(std::uint32_t threads) {
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back("reader", [this] { work(); });
  }
}

ReaderPool::~ReaderPool() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (base::Thread& thread : threads_) thread.join();
}

void ReaderPool::run(Job job) {
  base::MutexLock lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

void ReaderPool::work() {
  for (;;) {
    Job job;
    {
      base::MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace origin
