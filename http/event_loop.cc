#include "http/event_loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace http {
namespace {

constexpr std::chrono::milliseconds kProbeInterval{100};

const base::SystemClock kSystemClock;

timeval to_timeval(std::chrono::microseconds delay) {
  if (delay < std::chrono::microseconds(0)) delay = std::chrono::microseconds(0);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
  return {static_cast<time_t>(seconds.count()),
          static_cast<suseconds_t>((delay - seconds).count())};
}

}  // namespace

struct EventLoop::State {
  explicit State(const base::Clock& time) : clock(time) {}

  const base::Clock& clock;
  event_base* base = nullptr;

  int wake_fd = -1;
  event wake_event{};
  base::Mutex mutex;
  std::vector<Task> posted GUARDED_BY(mutex);

  event defer_event{};
  std::vector<Task> deferred;

  std::atomic<bool> stopping = false;
  std::atomic<std::thread::id> thread{};

  // A round is one wait for events and the callbacks it made ready; the clock is read at most once
  // in it. Rounds count from 1, so that 0 is "never read".
  std::uint64_t round = 1;
  std::uint64_t now_round = 0;
  base::MonoTime now_cached;

  event probe_event{};
  std::chrono::steady_clock::time_point probe_last;
  std::atomic<std::int64_t> lag_max_us = 0;

  void wake() const {
    const std::uint64_t one = 1;
    CHECK(write(wake_fd, &one, sizeof one) == sizeof one);
  }

  void run_posted() {
    std::uint64_t count = 0;
    CHECK(read(wake_fd, &count, sizeof count) == sizeof count);
    std::vector<Task> tasks;
    {
      base::MutexLock lock(mutex);
      tasks.swap(posted);
    }
    run_all(tasks);
  }

  void run_deferred() {
    std::vector<Task> tasks;
    tasks.swap(deferred);
    run_all(tasks);
  }

  void run_all(std::vector<Task>& tasks) {
    for (Task& task : tasks) {
      if (stopping) {
        event_base_loopbreak(base);
        return;
      }
      task();
      task = nullptr;  // What it holds goes with it, not with the last of the batch.
    }
    if (stopping) event_base_loopbreak(base);
  }

  void probe() {
    const auto now = std::chrono::steady_clock::now();
    const std::int64_t late =
        std::chrono::duration_cast<std::chrono::microseconds>(now - probe_last - kProbeInterval)
            .count();
    probe_last = now;
    std::int64_t seen = lag_max_us;
    while (late > seen && !lag_max_us.compare_exchange_weak(seen, late)) {
    }
  }

  // Destroying a task may post or defer another.
  void drop_tasks() {
    for (;;) {
      std::vector<Task> tasks;
      tasks.swap(deferred);
      if (tasks.empty()) {
        base::MutexLock lock(mutex);
        tasks.swap(posted);
      }
      if (tasks.empty()) return;
    }
  }
};

EventLoop::EventLoop() : EventLoop(kSystemClock) {}

EventLoop::EventLoop(const base::Clock& clock) : state_(std::make_unique<State>(clock)) {
  event_config* config = event_config_new();
  CHECK(config != nullptr);
  // One thread uses the base; messages come through our own queue.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
  state_->base = event_base_new_with_config(config);
  event_config_free(config);
  CHECK(state_->base != nullptr);

  state_->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  CHECK(state_->wake_fd >= 0);
  event_assign(
      &state_->wake_event, state_->base, state_->wake_fd, EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* state) { static_cast<State*>(state)->run_posted(); },
      state_.get());
  CHECK(event_add(&state_->wake_event, nullptr) == 0);

  event_assign(
      &state_->defer_event, state_->base, -1, 0,
      [](evutil_socket_t, short, void* state) { static_cast<State*>(state)->run_deferred(); },
      state_.get());

  event_assign(
      &state_->probe_event, state_->base, -1, EV_PERSIST,
      [](evutil_socket_t, short, void* state) { static_cast<State*>(state)->probe(); },
      state_.get());
}

EventLoop::~EventLoop() {
  CHECK(state_->thread.load() == std::thread::id());
  state_->drop_tasks();
  event_del(&state_->probe_event);
  event_del(&state_->defer_event);
  event_del(&state_->wake_event);
  event_base_free(state_->base);
  close(state_->wake_fd);
}

void EventLoop::run() {
  CHECK(state_->thread.exchange(std::this_thread::get_id()) == std::thread::id());
  const timeval interval = to_timeval(kProbeInterval);
  state_->probe_last = std::chrono::steady_clock::now();
  CHECK(event_add(&state_->probe_event, &interval) == 0);
  while (!state_->stopping) {
    CHECK(event_base_loop(state_->base, EVLOOP_ONCE) >= 0);
    ++state_->round;
  }
  event_del(&state_->probe_event);
  state_->drop_tasks();
  state_->stopping = false;
  state_->thread = std::thread::id();
}

void EventLoop::stop() {
  state_->stopping = true;
  if (state_->thread.load() == std::this_thread::get_id()) {
    event_base_loopbreak(state_->base);
  } else {
    state_->wake();
  }
}

void EventLoop::post(Task task) {
  bool was_empty = false;
  {
    base::MutexLock lock(state_->mutex);
    was_empty = state_->posted.empty();
    state_->posted.push_back(std::move(task));
  }
  if (was_empty) state_->wake();
}

void EventLoop::drop_tasks() {
  CHECK(state_->thread.load() == std::thread::id());
  state_->drop_tasks();
}

void EventLoop::defer(Task task) {
  // Activating puts the event behind those that are ready now, and costs no system call.
  if (state_->deferred.empty()) event_active(&state_->defer_event, EV_TIMEOUT, 1);
  state_->deferred.push_back(std::move(task));
}

base::MonoTime EventLoop::now() const {
  const bool running = state_->thread.load(std::memory_order_relaxed) != std::thread::id();
  if (!running || state_->now_round != state_->round) {
    state_->now_cached = state_->clock.mono();
    state_->now_round = running ? state_->round : 0;
  }
  return state_->now_cached;
}

bool EventLoop::in_loop_thread() const {
  const std::thread::id runner = state_->thread;
  return runner == std::thread::id() || runner == std::this_thread::get_id();
}

std::chrono::microseconds EventLoop::take_lag_max() {
  return std::chrono::microseconds(state_->lag_max_us.exchange(0));
}

event_base* EventLoop::raw() const { return state_->base; }

// A callback may destroy its own Timer or Io, and with it the function that is running: while
// `running`, the destructor only marks the state and the trampoline deletes it afterwards.

struct Timer::State {
  event timer{};
  std::function<void()> on_fire;
  bool running = false;
  bool dead = false;

  static void fire(evutil_socket_t, short, void* opaque) {
    auto* state = static_cast<State*>(opaque);
    state->running = true;
    state->on_fire();
    state->running = false;
    if (state->dead) delete state;
  }
};

Timer::Timer(EventLoop& loop, std::function<void()> on_fire) : state_(std::make_unique<State>()) {
  state_->on_fire = std::move(on_fire);
  event_assign(&state_->timer, loop.raw(), -1, 0, State::fire, state_.get());
}

Timer::~Timer() {
  event_del(&state_->timer);
  if (!state_->running) return;
  state_->dead = true;
  (void)state_.release();  // NOLINT(bugprone-unused-return-value): fire() deletes it.
}

void Timer::arm(std::chrono::microseconds delay) {
  const timeval after = to_timeval(delay);
  CHECK(event_add(&state_->timer, &after) == 0);
}

void Timer::disarm() { event_del(&state_->timer); }

bool Timer::armed() const { return event_pending(&state_->timer, EV_TIMEOUT, nullptr) != 0; }

struct Io::State {
  event io{};
  int fd = -1;
  event_base* base = nullptr;
  short watched = 0;
  std::function<void(bool, bool)> on_ready;
  bool running = false;
  bool dead = false;

  static void ready(evutil_socket_t, short what, void* opaque) {
    auto* state = static_cast<State*>(opaque);
    state->running = true;
    state->on_ready((what & EV_READ) != 0, (what & EV_WRITE) != 0);
    state->running = false;
    if (state->dead) delete state;
  }
};

Io::Io(EventLoop& loop, int fd, std::function<void(bool readable, bool writable)> on_ready)
    : state_(std::make_unique<State>()) {
  state_->fd = fd;
  state_->base = loop.raw();
  state_->on_ready = std::move(on_ready);
}

Io::~Io() {
  want(false, false);
  if (!state_->running) return;
  state_->dead = true;
  (void)state_.release();  // NOLINT(bugprone-unused-return-value): ready() deletes it.
}

void Io::want(bool read, bool write) {
  const auto wanted = static_cast<short>((read ? EV_READ : 0) | (write ? EV_WRITE : 0));
  if (wanted == state_->watched) return;
  if (state_->watched != 0) event_del(&state_->io);
  state_->watched = wanted;
  if (wanted == 0) return;
  event_assign(&state_->io, state_->base, state_->fd, static_cast<short>(wanted | EV_PERSIST),
               State::ready, state_.get());
  CHECK(event_add(&state_->io, nullptr) == 0);
}

}  // namespace http
