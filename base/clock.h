// Clock: time as a parameter, so that a test or a simulation moves it.
//
// Threads    All calls from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace base {

// Wall time in whole milliseconds since the Unix epoch: what HTTP dates and stored records use.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
// For durations and deadlines; never goes back.
using MonoTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  }
  [[nodiscard]] MonoTime mono() const override { return std::chrono::steady_clock::now(); }
};

// Microseconds since the Unix epoch, as databases keep a time.
inline std::int64_t wall_us(const Clock& clock) {
  return std::chrono::microseconds(clock.wall().time_since_epoch()).count();
}

// Stands still until told to advance.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::milliseconds(1'700'000'000'000)))
      : wall_ms_(start.time_since_epoch().count()) {}

  void advance(std::chrono::milliseconds by) {
    wall_ms_.fetch_add(by.count());
    mono_ms_.fetch_add(by.count());
  }

  [[nodiscard]] WallTime wall() const override {
    return WallTime(std::chrono::milliseconds(wall_ms_.load()));
  }
  [[nodiscard]] MonoTime mono() const override {
    return MonoTime(std::chrono::milliseconds(mono_ms_.load()));
  }

 private:
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<std::int64_t> mono_ms_{1'000'000};
};

}  // namespace base
