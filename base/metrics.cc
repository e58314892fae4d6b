#include "base/metrics.h"

#include <prometheus/check_names.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <variant>

#include "base/check.h"
#include "base/mutex.h"

namespace base {

std::size_t thread_slot() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t slot =
      threads.fetch_add(1, std::memory_order_relaxed) % kThreadSlots;
  return slot;
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

struct alignas(64) Histogram::Cells {
  explicit Cells(std::size_t buckets) : counts(buckets) {}

  std::vector<std::atomic<std::uint64_t>> counts;  // Not cumulative; the last is +Inf.
  std::atomic<double> sum{0};
};

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)) {
  CHECK(std::ranges::is_sorted(bounds_));
  for (std::size_t slot = 0; slot < kThreadSlots; ++slot) {
    cells_.push_back(std::make_unique<Cells>(bounds_.size() + 1));
  }
}

Histogram::~Histogram() = default;

void Histogram::observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  Cells& cells = *cells_[thread_slot()];
  cells.counts[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  cells.sum.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t sum = 0;
  for (const auto& cells : cells_) {
    for (const auto& count : cells->counts) sum += count.load(std::memory_order_relaxed);
  }
  return sum;
}

struct Metrics::State {
  using Gauge = std::function<double()>;
  using Series = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Histogram>, Gauge>;

  struct Family {
    std::string help;
    prometheus::MetricType type;
    std::map<Labels, Series> series;
  };

  Family& family(const std::string& name, const std::string& help, prometheus::MetricType type)
      REQUIRES(mutex) {
    CHECK(prometheus::CheckMetricName(name));
    const auto [entry, is_new] = families.try_emplace(name, Family{help, type, {}});
    CHECK(entry->second.type == type);
    return entry->second;
  }

  static prometheus::ClientMetric read(const Series& series);
  static prometheus::ClientMetric read_histogram(const Histogram& histogram);

  mutable Mutex mutex;
  std::map<std::string, Family> families GUARDED_BY(mutex);
};

namespace {

Labels sorted(Labels labels) {
  std::ranges::sort(labels);
  return labels;
}

}  // namespace

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const MutexLock lock(state_->mutex);
  auto& series = state_->family(name, help, prometheus::MetricType::Counter).series;
  const auto [entry, is_new] = series.try_emplace(sorted(labels));
  if (is_new) entry->second = std::make_unique<Counter>();
  return *std::get<std::unique_ptr<Counter>>(entry->second);
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                              std::vector<double> bounds, const Labels& labels) {
  const MutexLock lock(state_->mutex);
  auto& series = state_->family(name, help, prometheus::MetricType::Histogram).series;
  const auto [entry, is_new] = series.try_emplace(sorted(labels));
  if (is_new) entry->second = std::make_unique<Histogram>(std::move(bounds));
  return *std::get<std::unique_ptr<Histogram>>(entry->second);
}

void Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels,
                    std::function<double()> read) {
  const MutexLock lock(state_->mutex);
  auto& series = state_->family(name, help, prometheus::MetricType::Gauge).series;
  series.insert_or_assign(sorted(labels), std::move(read));
}

void Metrics::remove_gauge(const std::string& name, const Labels& labels) {
  const MutexLock lock(state_->mutex);
  const auto family = state_->families.find(name);
  if (family == state_->families.end()) return;
  CHECK(family->second.type == prometheus::MetricType::Gauge);
  family->second.series.erase(sorted(labels));
  if (family->second.series.empty()) state_->families.erase(family);
}

prometheus::ClientMetric Metrics::State::read_histogram(const Histogram& histogram) {
  prometheus::ClientMetric metric;
  for (std::size_t bucket = 0; bucket <= histogram.bounds_.size(); ++bucket) {
    for (const auto& cells : histogram.cells_) {
      metric.histogram.sample_count += cells->counts[bucket].load(std::memory_order_relaxed);
    }
    // The +Inf bucket is the serializer's, made of sample_count.
    if (bucket < histogram.bounds_.size()) {
      metric.histogram.bucket.push_back({metric.histogram.sample_count, histogram.bounds_[bucket]});
    }
  }
  for (const auto& cells : histogram.cells_) {
    metric.histogram.sample_sum += cells->sum.load(std::memory_order_relaxed);
  }
  return metric;
}

prometheus::ClientMetric Metrics::State::read(const Series& series) {
  prometheus::ClientMetric metric;
  if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&series)) {
    metric.counter.value = static_cast<double>((*counter)->value());
  } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&series)) {
    metric = read_histogram(**histogram);
  } else {
    metric.gauge.value = std::get<Gauge>(series)();
  }
  return metric;
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families;
  {
    // Held while gauges are read, so that remove_gauge() waits for one that is running.
    const MutexLock lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      prometheus::MetricFamily& out = families.emplace_back();
      out.name = name;
      out.help = family.help;
      out.type = family.type;
      for (const auto& [labels, series] : family.series) {
        prometheus::ClientMetric metric = State::read(series);
        for (const auto& [label, value] : labels) metric.label.push_back({label, value});
        out.metric.push_back(std::move(metric));
      }
    }
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace base
