// Executor: a thread that takes messages. Threads share nothing by default and post to each other.
//
// Tasks posted by one thread run in the order posted. post() never runs the task inline and never
// blocks; it may be called from any thread, from inside a task too. A task posted after the
// executor has stopped is destroyed without running.
#pragma once

#include <functional>

namespace base {

class Executor {
 public:
  using Task = std::move_only_function<void()>;

  virtual ~Executor() = default;
  virtual void post(Task task) = 0;
};

}  // namespace base
