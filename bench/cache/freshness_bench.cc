#include <benchmark/benchmark.h>

#include "cache/freshness.h"

namespace cache {
namespace {

using namespace std::chrono_literals;

const base::WallTime kNow{1'700'000'000'000ms};

base::Fields player_request() {
  return {{"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
          {"accept", "*/*"},
          {"accept-language", "en-US,en;q=0.5"},
          {"accept-encoding", "gzip, deflate, br, zstd"},
          {"origin", "https://video.example"},
          {"referer", "https://video.example/watch"},
          {"range", "bytes=0-"}};
}

Freshness fresh() { return {.response_time = kNow, .lifetime = 3600s}; }

// What does deciding about a hit cost? It is paid on every request, so it should stay well under
// the lookup.
void decide_hit(benchmark::State& state) {
  const base::Fields request = player_request();
  const Freshness freshness = fresh();
  const CachePolicy policy;
  for (auto _ : state) {
    benchmark::DoNotOptimize(use_of(freshness, request, policy, kNow + 5s, false));
  }
}
BENCHMARK(decide_hit);

// And when the client brings a Cache-Control, as a reload does?
void decide_reload(benchmark::State& state) {
  base::Fields request = player_request();
  request.add("cache-control", "max-age=0");
  const Freshness freshness = fresh();
  const CachePolicy policy;
  for (auto _ : state) {
    benchmark::DoNotOptimize(use_of(freshness, request, policy, kNow + 5s, false));
  }
}
BENCHMARK(decide_reload);

// What does Vary add to a hit on a page or playlist?
void select_variant(benchmark::State& state) {
  const base::Fields request = player_request();
  const std::vector<std::string> names{"accept-encoding", "origin"};
  for (auto _ : state) {
    benchmark::DoNotOptimize(variant_text("video\n/v/1/master.m3u8", names, request));
  }
}
BENCHMARK(select_variant);

// What does judging a response add to a miss? Beside an origin round trip it should not show.
void judge_response(benchmark::State& state) {
  const base::Fields request = player_request();
  const base::Fields response{{"date", "Tue, 14 Nov 2023 22:13:20 GMT"},
                              {"content-type", "video/mp2t"},
                              {"cache-control", "public, max-age=31536000, immutable"},
                              {"etag", "\"65532f3a-100000\""},
                              {"last-modified", "Tue, 14 Nov 2023 08:00:00 GMT"},
                              {"vary", "Origin"}};
  const CachePolicy policy;
  for (auto _ : state) {
    benchmark::DoNotOptimize(judge(request, 200, response, policy, kNow, kNow));
  }
}
BENCHMARK(judge_response);

}  // namespace
}  // namespace cache
