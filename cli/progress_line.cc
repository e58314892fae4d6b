#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace cli {
namespace {

constexpr std::chrono::milliseconds kShowEvery{100};
constexpr int kWidth = 30;

}  // namespace

ProgressLine::ProgressLine(bool quiet)
    : is_terminal_(::isatty(STDERR_FILENO) == 1), quiet_(quiet) {}

void ProgressLine::begin(std::string stage, std::uint64_t total) {
  end();
  stage_ = std::move(stage);
  total_ = total;
  began_ = std::chrono::steady_clock::now();
  shown_ = {};
  whole_is_shown_ = false;
  if (!quiet_ && !is_terminal_) fmt::print(stderr, "{}\n", stage_);
}

void ProgressLine::go_on_as(std::string stage) {
  stage_ = std::move(stage);
  began_ = std::chrono::steady_clock::now();
  whole_is_shown_ = false;
  if (!quiet_ && !is_terminal_) fmt::print(stderr, "{}\n", stage_);
}

void ProgressLine::show_bytes(std::uint64_t done, std::uint64_t moved) {
  show(done, moved, Unit::kBytes);
}

void ProgressLine::show_percent(std::uint64_t done) { show(done, done, Unit::kPercent); }

void ProgressLine::show(std::uint64_t done, std::uint64_t moved, Unit unit) {
  if (quiet_ || !is_terminal_ || stage_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  const bool is_whole = done >= total_;
  if (is_whole ? whole_is_shown_ : now - shown_ < kShowEvery) return;
  whole_is_shown_ = whole_is_shown_ || is_whole;
  shown_ = now;
  const double part =
      total_ == 0 ? 1 : static_cast<double>(std::min(done, total_)) / static_cast<double>(total_);
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const auto filled = static_cast<int>(part * kWidth);
  std::string line = fmt::format("\r\033[K{:<12} [{:=<{}}{:<{}}] {:3} %", stage_, "", filled, "",
                                 kWidth - filled, static_cast<int>(part * 100));
  const double per_second = static_cast<double>(moved) / seconds;
  if (unit == Unit::kBytes && seconds > 0.2) {
    line += fmt::format("  {}/s", readable_bytes(per_second));
  }
  if (moved > 0 && part > 0.01 && part < 1 && seconds > 1) {
    line +=
        fmt::format("  {} left", readable_time(static_cast<double>(total_ - done) / per_second));
  }
  fmt::print(stderr, "{}", line);
  std::fflush(stderr);
}

void ProgressLine::end() {
  if (!quiet_ && is_terminal_ && !stage_.empty()) fmt::print(stderr, "\n");
  stage_.clear();
}

void ProgressLine::say(const std::string& sentence) {
  if (!quiet_) fmt::print(stderr, "{}\n", sentence);
}

std::string readable_bytes(double bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string readable_time(double seconds) {
  const long whole = std::lround(std::max(0.0, seconds));
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace cli
