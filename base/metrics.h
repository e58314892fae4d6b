// Metrics: what an operator watches. Counters and histograms are written per thread without locks
// and summed when /metrics is scraped; gauges are functions asked then.
//
// Names follow Prometheus: headrace_edge_requests_total, units in the name (_bytes, _seconds).
// `help` is one sentence on what it is and one on what a bad value means. Labels are few and fixed:
// never a URL, an address or anything a client chooses.
//
// Ownership  A Metrics owns its series; references stay good for its life.
// Threads    Counter::add and Histogram::observe from any thread; registering and text() from any
//            thread (they lock).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace base {

using Labels = std::vector<std::pair<std::string, std::string>>;

// A small number for each thread, for spreading writes; threads beyond kThreadSlots share.
inline constexpr std::size_t kThreadSlots = 16;
std::size_t thread_slot();

class Counter {
 public:
  void add(std::uint64_t n = 1) {
    cells_[thread_slot()].value.fetch_add(n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const;

 private:
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> value{0};
  };
  Cell cells_[kThreadSlots];
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);  // Upper bounds, ascending; +Inf is implied.
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;
  ~Histogram();

  void observe(double value);
  [[nodiscard]] std::uint64_t count() const;

 private:
  friend class Metrics;
  struct Cells;
  std::vector<double> bounds_;
  std::vector<std::unique_ptr<Cells>> cells_;  // One per thread slot.
};

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // The same name and labels give the same series; another kind under one name is a CHECK.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                       const Labels& labels = {});
  // `read` is called during text(), on the scraping thread, and must not use this Metrics itself.
  // Replaces an earlier one.
  void gauge(const std::string& name, const std::string& help, const Labels& labels,
             std::function<double()> read);
  // Removes a gauge whose owner goes away. When this returns, `read` is not running and won't be.
  void remove_gauge(const std::string& name, const Labels& labels);

  [[nodiscard]] std::string text() const;  // Prometheus text format 0.0.4.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace base
