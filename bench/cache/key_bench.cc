#include <benchmark/benchmark.h>

#include <string>

#include "cache/key.h"

namespace cache {
namespace {

// What does naming an object cost a request? The text is as long as a segment's URL, or a long one.
void hash_key_text(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'k');
  for (auto _ : state) benchmark::DoNotOptimize(key_of(text, 42));
}
BENCHMARK(hash_key_text)->Arg(48)->Arg(120)->Arg(1'000);

}  // namespace
}  // namespace cache
