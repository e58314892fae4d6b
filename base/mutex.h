// Mutex with clang's thread-safety annotations (libstdc++'s std::mutex has none). Compile with
// clang and -Wthread-safety to have "this member only under that lock" checked.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define HEADRACE_TSA(x) __attribute__((x))
#else
#define HEADRACE_TSA(x)
#endif

#define GUARDED_BY(mutex) HEADRACE_TSA(guarded_by(mutex))
#define REQUIRES(...) HEADRACE_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) HEADRACE_TSA(locks_excluded(__VA_ARGS__))

namespace base {

class HEADRACE_TSA(capability("mutex")) Mutex {
 public:
  void lock() HEADRACE_TSA(acquire_capability()) { mutex_.lock(); }
  void unlock() HEADRACE_TSA(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class HEADRACE_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) HEADRACE_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() HEADRACE_TSA(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a Mutex: `while (!ready) changed.wait(mutex);`.
class Condition {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) { condition_.wait(mutex); }
  template <class Duration>
  void wait_for(Mutex& mutex, Duration limit) REQUIRES(mutex) {
    condition_.wait_for(mutex, limit);
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace base
