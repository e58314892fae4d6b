#include <benchmark/benchmark.h>

#include <string>

#include "http/range.h"

namespace {

// What does a seek cost in Range parsing? Nothing to speak of beside a request of 9 µs.
void one_range(benchmark::State& state) {
  const std::string value = "bytes=1048576-2097151";
  for (auto _ : state) {
    auto specs = http::parse_range(value);
    benchmark::DoNotOptimize(http::resolve(*specs, std::uint64_t{1} << 30));
  }
}
BENCHMARK(one_range);

// What can the worst Range field within the limits cost? Coalescing is quadratic, so it must stay
// small at the 64 ranges that are parsed at most.
void many_ranges(benchmark::State& state) {
  std::string value = "bytes=";
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    value += (i == 0 ? "" : ",") + std::to_string(i * 10) + '-' + std::to_string(i * 10 + 3);
  }
  for (auto _ : state) {
    auto specs = http::parse_range(value);
    benchmark::DoNotOptimize(http::resolve(*specs, std::uint64_t{1} << 30));
  }
}
BENCHMARK(many_ranges)->Arg(4)->Arg(16)->Arg(64);

void content_range(benchmark::State& state) {
  // What does checking an origin's answer cost?
  const std::string value = "bytes 1048576-2097151/1073741824";
  for (auto _ : state) benchmark::DoNotOptimize(http::parse_content_range(value));
}
BENCHMARK(content_range);

}  // namespace
