// The world that a simulated store lives in: one seed decides everything that happens in it.
//
// Every executor of the store (event loops, fill threads, disk threads) is a queue; at each step
// the seed picks one of them and runs its next task, so that all orders which real threads could
// take are taken by some seed. Time stands still while there is work and then jumps to the next
// timer.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "cache/key.h"

namespace cache {

// SplitMix64: small, good enough, the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

class SimulatedVersions final : public VersionSource {
 public:
  explicit SimulatedVersions(Dice& dice) : dice_(dice) {}
  Version next() override { return {dice_.next(), dice_.next()}; }

 private:
  Dice& dice_;
};

class SimulatedWorld {
 public:
  // A thread, or with `any_order` a pool of them, whose tasks overtake each other.
  class Thread final : public base::Executor {
   public:
    Thread(SimulatedWorld& world, bool any_order) : world_(world), any_order_(any_order) {}
    void post(Task task) override {
      tasks_.push_back(std::move(task));
      ++world_.queued_;
    }

   private:
    friend class SimulatedWorld;
    SimulatedWorld& world_;
    const bool any_order_;
    std::deque<Task> tasks_;
  };

  explicit SimulatedWorld(std::uint64_t seed) : dice(seed) {}

  Thread& make_thread(bool any_order = false) {
    threads_.push_back(std::make_unique<Thread>(*this, any_order));
    return *threads_.back();
  }

  void after(Thread& thread, std::chrono::milliseconds delay, base::Executor::Task task) {
    timers_.emplace(clock.mono() + delay, std::pair(&thread, std::move(task)));
  }

  // One task of one thread, or a jump to the next timer. False: nothing is left to happen.
  bool step() {
    if (queued_ == 0) {
      if (timers_.empty()) return false;
      fire();
      return true;
    }
    std::uint64_t pick = dice.below(queued_);
    for (const auto& thread : threads_) {
      if (pick < thread->tasks_.size()) {
        run_one(*thread);
        return true;
      }
      pick -= thread->tasks_.size();
    }
    return false;
  }

  // What a kill leaves of the threads: nothing.
  void drop_all() {
    // Destroying a task may post another.
    while (queued_ > 0 || !timers_.empty()) {
      timers_.clear();
      for (const auto& thread : threads_) {
        const std::deque<base::Executor::Task> dropped = std::move(thread->tasks_);
        thread->tasks_.clear();
        queued_ -= dropped.size();
      }
    }
  }

  // Folds an event into the trace, so that two runs of one seed can be compared.
  void note(std::string_view event, std::uint64_t value) {
    for (const char c : event) trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    trace_ = (trace_ ^ value) * 0x100000001B3ULL;
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_; }

  Dice dice;
  base::ManualClock clock;

 private:
  void run_one(Thread& thread) {
    const std::size_t at = thread.any_order_ ? dice.below(thread.tasks_.size()) : 0;
    base::Executor::Task task = std::move(thread.tasks_[at]);
    thread.tasks_.erase(thread.tasks_.begin() + static_cast<std::ptrdiff_t>(at));
    --queued_;
    task();
  }
  void fire() {
    auto due = timers_.extract(timers_.begin());
    if (due.key() > clock.mono()) {
      clock.advance(std::chrono::ceil<std::chrono::milliseconds>(due.key() - clock.mono()));
    }
    due.mapped().first->post(std::move(due.mapped().second));
  }

  std::vector<std::unique_ptr<Thread>> threads_;
  std::multimap<base::MonoTime, std::pair<Thread*, base::Executor::Task>> timers_;
  std::size_t queued_ = 0;
  std::uint64_t trace_ = 0xCBF29CE484222325ULL;
};

}  // namespace cache
