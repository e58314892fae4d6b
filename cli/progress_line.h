// ProgressLine: one line on a terminal that says what is going on, how far, how fast, how long still.
// On what is no terminal: a line for each stage, and nothing in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cli {

class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);  // Quiet: nothing at all.
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { end(); }

  void begin(std::string stage, std::uint64_t total);  // "sending", bytes or percent.
  void go_on_as(std::string stage);                    // The same line, from here on of this.
  // How far the stage is; the whole is shown once. `moved`: those of the bytes that took the time.
  void show_bytes(std::uint64_t done, std::uint64_t moved);
  void show_percent(std::uint64_t done);
  void end();                             // The line stays.
  void say(const std::string& sentence);  // A line of its own, between stages.

 private:
  enum class Unit { kBytes, kPercent };
  void show(std::uint64_t done, std::uint64_t moved, Unit unit);

  const bool is_terminal_;
  const bool quiet_;
  std::string stage_;
  std::uint64_t total_ = 0;
  bool whole_is_shown_ = false;
  std::chrono::steady_clock::time_point began_, shown_;
};

// "12.3 MiB"
std::string readable_bytes(double bytes);
// "1:02:03", "0:07"
std::string readable_time(double seconds);

}  // namespace cli
