#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/thread.h"

namespace base {
namespace {

using testing::HasSubstr;
using testing::Not;

void run_in_threads(std::size_t count, const std::function<void()>& body) {
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back("adder", [&body] { body(); });
}

TEST(Metrics, CountersOfAllThreadsAreSummed) {
  Metrics metrics;
  Counter& hits = metrics.counter("hits_total", "Hits.", {{"tier", "ram"}});
  // More threads than slots: some share a cell.
  run_in_threads(kThreadSlots + 4, [&hits] {
    for (int n = 0; n < 1'000; ++n) hits.add();
  });
  EXPECT_EQ(hits.value(), (kThreadSlots + 4) * 1'000);
  EXPECT_THAT(metrics.text(), HasSubstr("hits_total{tier=\"ram\"} 20000\n"));
}

TEST(Metrics, TheSameNameAndLabelsGiveTheSameSeries) {
  Metrics metrics;
  Counter& first = metrics.counter("hits_total", "Hits.", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&metrics.counter("hits_total", "Hits.", {{"b", "2"}, {"a", "1"}}), &first);
  EXPECT_NE(&metrics.counter("hits_total", "Hits.", {{"a", "1"}}), &first);
}

TEST(Metrics, OneFamilyHasOneHelpAndOneType) {
  Metrics metrics;
  metrics.counter("hits_total", "Hits. Few are bad.", {{"tier", "ram"}}).add(3);
  metrics.counter("hits_total", "Hits. Few are bad.", {{"tier", "disk"}});
  EXPECT_EQ(metrics.text(),
            "# HELP hits_total Hits. Few are bad.\n"
            "# TYPE hits_total counter\n"
            "hits_total{tier=\"disk\"} 0\n"
            "hits_total{tier=\"ram\"} 3\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeAndIncludeTheirBound) {
  Metrics metrics;
  Histogram& latency = metrics.histogram("latency_seconds", "Latency.", {0.25, 1});
  for (const double value : {0.125, 0.25, 0.5, 8.0}) latency.observe(value);
  EXPECT_EQ(latency.count(), 4U);
  EXPECT_THAT(metrics.text(), HasSubstr("latency_seconds_count 4\n"
                                        "latency_seconds_sum 8.875\n"
                                        "latency_seconds_bucket{le=\"0.25\"} 2\n"
                                        "latency_seconds_bucket{le=\"1\"} 3\n"
                                        "latency_seconds_bucket{le=\"+Inf\"} 4\n"));
}

TEST(Metrics, GaugesAreAskedWhenScrapedUntilRemoved) {
  Metrics metrics;
  double level = 1;
  metrics.gauge("level", "Level.", {}, [&level] { return level; });
  level = 7;
  EXPECT_THAT(metrics.text(), HasSubstr("level 7\n"));
  metrics.gauge("level", "Level.", {}, [] { return 8.0; });
  EXPECT_THAT(metrics.text(), HasSubstr("level 8\n"));
  metrics.remove_gauge("level", {});
  metrics.remove_gauge("level", {});
  EXPECT_THAT(metrics.text(), Not(HasSubstr("level")));
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.counter("hits_total", "Hits.", {{"site", "a\"b\\c\nd"}});
  EXPECT_THAT(metrics.text(), HasSubstr(R"(hits_total{site="a\"b\\c\nd"} 0)"));
}

TEST(Metrics, ScrapingWhileThreadsCountLosesNothing) {
  Metrics metrics;
  Counter& hits = metrics.counter("hits_total", "Hits.");
  Histogram& sizes = metrics.histogram("sizes_bytes", "Sizes.", {10});
  Thread scraper("scraper", [&metrics] {
    for (int n = 0; n < 50; ++n) EXPECT_THAT(metrics.text(), HasSubstr("hits_total"));
  });
  run_in_threads(3, [&] {
    for (int n = 0; n < 500; ++n) {
      hits.add(2);
      sizes.observe(n);
    }
  });
  scraper.join();
  EXPECT_EQ(hits.value(), 3'000U);
  EXPECT_EQ(sizes.count(), 1'500U);
}

TEST(MetricsDeathTest, AnotherKindUnderOneNameIsOurMistake) {
  Metrics metrics;
  metrics.counter("hits_total", "Hits.");
  EXPECT_DEATH(metrics.histogram("hits_total", "Hits.", {1}), "CHECK failed");
  EXPECT_DEATH(metrics.counter("hits total", "Hits."), "CHECK failed");
}

}  // namespace
}  // namespace base
