// EventLoop: one thread's libevent loop: sockets, timers, and messages from other threads.
//
// Threads    run() takes over the calling thread. post(), stop() and take_lag_max() from any
// thread;
//            everything else, Timer and Io included, on the loop's thread (or while none runs it).
// Ownership  Timer and Io unregister when destroyed; they must not outlive the loop. Tasks still
//            queued at stop() are destroyed without running.
// Reentry    A callback may destroy any Timer or Io, its own included.
// Time       now() comes from the clock given, so that a test can move it; timers always fire by
//            the system's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/executor.h"

struct event;
struct event_base;

namespace http {

class EventLoop final : public base::Executor {
 public:
  EventLoop();                                   // On the system's clock.
  explicit EventLoop(const base::Clock& clock);  // The clock outlives the loop.
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop() override;

  void run();   // Until stop(). May be called again afterwards.
  void stop();  // run() returns after the current callback; without one, the next run() at once.
  void post(Task task) override;
  // Destroys what was posted since the loop ended, unrun. Only while none runs it.
  void drop_tasks();

  // Runs after the callbacks that are ready now, on this thread: for what must not happen inside
  // the current call, such as destroying its caller. Cheaper than post().
  void defer(Task task);

  // The time when this round of callbacks began; a cheap clock for timeouts.
  [[nodiscard]] base::MonoTime now() const;
  [[nodiscard]] bool in_loop_thread() const;  // True as well while no thread runs the loop.
  // The most that a probe, due every 100 ms, came late since the last call: what a stuck callback
  // costs the others.
  [[nodiscard]] std::chrono::microseconds take_lag_max();

  [[nodiscard]] event_base* raw() const;  // For libcurl glue and listeners inside http/.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A one-shot timer that can be armed again.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_fire);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  void arm(std::chrono::microseconds delay);  // Replaces an earlier arm().
  void disarm();
  [[nodiscard]] bool armed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Watches a file descriptor, level-triggered. Does not own the descriptor.
class Io {
 public:
  Io(EventLoop& loop, int fd, std::function<void(bool readable, bool writable)> on_ready);
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;
  ~Io();

  void want(bool read, bool write);  // Both false: watch nothing.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace http
