#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cache/memory_tier.h"

namespace cache {
namespace {

constexpr base::Bytes kNoLimit{std::uint64_t{1} << 40};

// Scattered as versions are.
ChunkKey key_at(std::uint64_t n) {
  std::uint64_t low = (n + 1) * 0x9E3779B97F4A7C15ULL;
  low = (low ^ (low >> 31)) * 0xBF58476D1CE4E5B9ULL;
  return {{n, low ^ (low >> 32)}, 0};
}

// A tier of `count` chunks without bytes: what is measured is finding them.
struct Full {
  explicit Full(std::uint64_t count, Policy policy)
      : arena(base::Bytes(1 << 20)), tier(arena, {policy, kNoLimit}, nullptr) {
    for (std::uint64_t n = 0; n < count; ++n) {
      tier.insert(base::make_ref<Chunk>(key_at(n), 0, Chunk::Phase::kPartial));
    }
  }
  Arena arena;
  MemoryTier tier;
};

std::unique_ptr<Full> full;

// Random order, so that a large tier's entries are in no processor cache.
void look_up(benchmark::State& state, Policy policy) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  if (state.thread_index() == 0) full = std::make_unique<Full>(count, policy);
  // Keys are made before the clock runs: a run visits these over and over.
  std::vector<ChunkKey> keys;
  std::mt19937_64 random(static_cast<std::uint64_t>(state.thread_index()));
  for (int i = 0; i < 1 << 18; ++i) keys.push_back(key_at(random() % count));
  std::size_t next = 0;
  std::uint64_t found = 0;
  for (auto _ : state) {
    found += full->tier.find(keys[next]) ? 1 : 0;
    next = (next + 1) % keys.size();
  }
  if (found != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("missed");
}
void free_it(const benchmark::State& /*state*/) { full.reset(); }

// How does a lookup grow with the tier? The goal is 100 ns, plus what memory costs.
BENCHMARK_CAPTURE(look_up, s3fifo, Policy::kS3Fifo)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(4'000'000)
    ->Teardown(free_it);

// And with threads? lru pays for its order with a lock that all threads share.
BENCHMARK_CAPTURE(look_up, s3fifo_threads, Policy::kS3Fifo)
    ->Arg(100'000)
    ->ThreadRange(1, 4)
    ->UseRealTime()
    ->Teardown(free_it);
BENCHMARK_CAPTURE(look_up, lru_threads, Policy::kLru)
    ->Arg(100'000)
    ->ThreadRange(1, 4)
    ->UseRealTime()
    ->Teardown(free_it);

// What does a miss cost that fills a chunk of this size into a full tier, eviction and copy
// included? Beside a copy alone it should not show from 64 KiB up.
void fill(benchmark::State& state, Policy policy) {
  const auto bytes = static_cast<std::uint32_t>(state.range(0));
  Arena arena(base::Bytes(64 << 20));
  MemoryTier tier(arena, {policy, kNoLimit}, nullptr);
  const std::string body(bytes, 'b');
  const Chunk::Allocate allocate = [&](std::size_t size) { return tier.allocate(size); };
  std::uint64_t n = 0;
  const auto fill_one = [&] {
    const auto chunk = tier.insert(base::make_ref<Chunk>(
        ChunkKey{{n, n * 0x9E3779B97F4A7C15ULL}, 0}, bytes, Chunk::Phase::kGrowing));
    ++n;
    chunk->append(body, allocate);
    chunk->finish();
  };
  while (tier.stats().evictions < 100) fill_one();
  for (auto _ : state) fill_one();
  state.SetBytesProcessed(state.iterations() * bytes);
}
BENCHMARK_CAPTURE(fill, s3fifo, Policy::kS3Fifo)->Arg(2'048)->Arg(65'536)->Arg(1 << 20);
BENCHMARK_CAPTURE(fill, sieve, Policy::kSieve)->Arg(2'048);
BENCHMARK_CAPTURE(fill, lru, Policy::kLru)->Arg(2'048);

// What does a piece of a whole chunk cost the loop that serves it?
void read_piece(benchmark::State& state) {
  Arena arena(base::Bytes(4 << 20));
  const auto chunk = base::make_ref<Chunk>(ChunkKey{}, 1 << 20, Chunk::Phase::kGrowing);
  chunk->append(std::string(1 << 20, 'b'), [&](std::size_t size) { return arena.allocate(size); });
  chunk->finish();
  std::uint32_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(chunk->read(at, 16'384));
    at = (at + 16'384) % (1 << 20);
  }
}
BENCHMARK(read_piece);

}  // namespace
}  // namespace cache
