#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "cache/arena.h"

namespace cache {
namespace {

std::unique_ptr<Arena> shared;

// What does a block cost, taken and given back, alone and beside other threads? Each thread keeps
// some, so that small classes have pages half full. If threads cost much more than one, the free
// lists want to be sharded; at 64 KiB a block, 100 ns is 0.0015 CPU-s/GB.
void take_and_give(benchmark::State& state) {
  if (state.thread_index() == 0) shared = std::make_unique<Arena>(base::Bytes(64 << 20));
  std::vector<base::Ref<Block>> kept(16);
  std::size_t next = 0;
  for (auto _ : state) {
    kept[next] = shared->allocate(static_cast<std::size_t>(state.range(0)));
    next = (next + 1) % kept.size();
  }
  kept.clear();
}
void last_thread_frees(const benchmark::State& /*state*/) { shared.reset(); }
BENCHMARK(take_and_give)
    ->Arg(1'024)
    ->Arg(8'192)
    ->Arg(65'536)
    ->ThreadRange(1, 4)
    ->Teardown(last_thread_frees);

// And when each block is the only one of its page, so that every call carves or gives back?
void carve_and_give_back(benchmark::State& state) {
  Arena arena(base::Bytes(1 << 20));
  for (auto _ : state) {
    benchmark::DoNotOptimize(arena.allocate(static_cast<std::size_t>(state.range(0))));
  }
}
BENCHMARK(carve_and_give_back)->Arg(1'024)->Arg(8'192)->Arg(32'768);

}  // namespace
}  // namespace cache
