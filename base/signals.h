// Signals: the process's signals as messages on an executor.
//
// Made first in main(), before any other thread: it blocks the signals, so that no thread is ever
// interrupted by one, and a thread of its own takes them from a signalfd. SIGPIPE is ignored: a
// write to a closed socket fails with EPIPE instead.
//
//   base::Signals signals;                        // Blocks; none is lost from here on.
//   …                                             // Build the daemon.
//   signals.start(loop, [&](int signal) { … });   // SIGHUP, SIGINT, SIGQUIT, SIGTERM.
//
// Ownership  The executor must outlive this. The handler runs on it, and may still be queued there
//            when this goes away.
// Threads    One object a process; made, started and destroyed on the main thread.
#pragma once

#include <functional>

#include "base/executor.h"
#include "base/thread.h"
#include "base/unique_fd.h"

namespace base {

class Signals {
 public:
  using Handler = std::function<void(int signal)>;

  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  // The signals stay blocked: the process is about to end.

  void start(Executor& executor, Handler handler);  // Once.

 private:
  UniqueFd signals_;
  UniqueFd stop_;
  Thread thread_;
};

}  // namespace base
