// What the disk tier costs. CPU is the whole process's, RocksDB's threads included; the executors
// are turned by the measuring thread. The directory is made under TMPDIR.
#include <benchmark/benchmark.h>
#include <rocksdb/env.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "cache/index.h"
#include "cache/index_key.h"
#include "cache/index_record.h"
#include "tests/cache/disk_fixture.h"

namespace cache {
namespace {

constexpr double kGigabyte = 1e9;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

DiskTierOptions options_of(const DiskDirectory& directory, std::uint64_t size) {
  DiskTierOptions options;
  options.path = directory.path();
  options.size_max = base::Bytes(size);
  return options;
}

// What does it cost to store a body, by its size? Twice round the clock of a 1 GiB cache.
void disk_fill(benchmark::State& state) {
  const auto length = static_cast<std::uint32_t>(state.range(0));
  double cpu = 0;
  double bytes = 0;
  double written = 0;
  for (auto _ : state) {
    const DiskDirectory directory;
    Disk disk(options_of(directory, 1ULL << 30));
    disk.chunk_size = std::max(length, 65'536U);
    const auto film = disk.object("/film", length);
    double spent = 0;
    for (std::uint64_t done = 0; done < 2ULL << 30; done += length) {
      const auto next = disk.object_like(film, "/" + std::to_string(done));
      auto chunk = disk.chunk_of(next, 0);
      const double begun = cpu_seconds();
      disk.tier().write(next.object, std::move(chunk), nullptr);
      disk.run();
      spent += cpu_seconds() - begun;
      bytes += length;
    }
    const auto stats = disk.stats();
    CHECK(stats.chunks_dropped == 0);
    written += static_cast<double>(stats.bytes_written + stats.index_bytes_written);
    cpu += spent;
    state.SetIterationTime(spent);
  }
  state.counters["cpu_s_per_GB"] = cpu / (bytes / kGigabyte);
  state.counters["written_per_byte"] = written / bytes;
}
BENCHMARK(disk_fill)->Arg(1 << 20)->Arg(256 << 10)->Arg(16 << 10)->Iterations(1)->UseManualTime();

// What does it cost to read a stored body, by how many blocks of a 1 MiB chunk are asked for? At
// random from 1 GiB; where direct I/O works nothing of it is in the page cache.
void disk_hit(benchmark::State& state) {
  const auto blocks = static_cast<std::uint32_t>(state.range(0));
  const DiskDirectory directory;
  Disk disk(options_of(directory, 2ULL << 30));
  disk.chunk_size = 1 << 20;
  const auto film = disk.object("/film", 1 << 20);
  std::vector<base::Ref<Object>> stored;
  for (int i = 0; i < 1024; ++i) {
    const auto next = disk.object_like(film, "/" + std::to_string(i));
    CHECK(disk.store(next));
    stored.push_back(next.object);
  }
  std::mt19937 random(1);
  double cpu = 0;
  double bytes = 0;
  for (auto _ : state) {
    const Object& object = *stored[random() % stored.size()];
    const auto first = static_cast<std::uint32_t>(random() % (16 / blocks) * blocks);
    const double begun = cpu_seconds();
    const auto chunk = disk.read_chunk(object, 0, first, blocks);
    const double spent = cpu_seconds() - begun;
    CHECK(chunk);
    cpu += spent;
    bytes += blocks * double{kBlockBytes};
    state.SetIterationTime(spent);
  }
  state.counters["cpu_s_per_GB"] = cpu / (bytes / kGigabyte);
}
BENCHMARK(disk_hit)->Arg(1)->Arg(16)->Iterations(8192)->UseManualTime();

// How long does a start take with so many chunks of 1 MiB? Bodies are not looked at, so none are
// there.
void disk_open(benchmark::State& state) {
  const auto chunks = static_cast<std::uint64_t>(state.range(0));
  const DiskDirectory directory;
  const auto options = options_of(directory, (chunks + (1 << 16)) << 20);
  {
    const Disk disk(options);
  }  // Makes the directory.
  {
    const auto index = Index::open({.path = options.path + "/index",
                                    .env = rocksdb::Env::Default(),
                                    .memory = options.index_memory,
                                    .write_buffer = base::Bytes(4u << 20),
                                    .space_max = options.size_max});
    CHECK(index);
    std::mt19937_64 random(1);
    const std::uint64_t per_region = options.region_size.count() >> 20;
    ChunkEntry entry{.length = 1 << 20};
    entry.checksums.assign(16, 1);
    for (std::uint64_t i = 0; i < chunks;) {
      IndexBatch batch;
      const auto region = static_cast<std::uint32_t>(i / per_region);
      const std::string row = region_key(region);
      batch.put(row, encode(row, RegionEntry{.epoch = 1, .birth = region + 1ULL}));
      for (std::uint64_t j = 0; j < per_region; ++j, ++i) {
        const std::string key = chunk_key({{random(), random()}, 0});
        entry.place = {region, 1, j << 20};
        batch.put(key, encode(key, entry));
        const std::string where = content_key(entry.place);
        batch.put(where, encode(where, ContentEntry{key, 1 << 20, 300 * (j + 1)}));
      }
      CHECK((*index)->write(batch, Index::Write::kWaits));
    }
  }
  for (auto _ : state) {
    Disk disk(options);
    CHECK(disk.is_open());
    state.PauseTiming();
    disk.close();
    state.ResumeTiming();
  }
}
BENCHMARK(disk_open)->Arg(10'000)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

// What does a purge cost until it is durable, beside so many others? Two syncs of the disk.
void purge_durably(benchmark::State& state) {
  const DiskDirectory directory;
  Disk disk(options_of(directory, 1ULL << 30));
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    disk.purges().publish(
        {.text = "s\n/" + std::to_string(i), .sequence = disk.purges().sequence() + 1});
  }
  std::uint64_t i = 0;
  for (auto _ : state) CHECK(disk.purge(PurgeKind::kUrl, "t\n/" + std::to_string(++i)));
}
BENCHMARK(purge_durably)->Arg(0)->Arg(100'000)->Iterations(200)->Unit(benchmark::kMicrosecond);

// What does a hit pay after a purge of something else, with so many targets known?
void check_after_purge(benchmark::State& state) {
  PurgeTable table(1, 1'000'000);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    constexpr PurgeKind kKinds[] = {PurgeKind::kTag, PurgeKind::kUrl, PurgeKind::kPrefix};
    table.publish({.kind = kKinds[i % 3],
                   .text = "s\n/" + std::to_string(i),
                   .sequence = table.sequence() + 1});
  }
  ObjectHead head;
  head.key_text = "s\n/show/season/episode/1080p/segment-00001.ts";
  head.tags = {1, 2, 3};
  const auto object = base::make_ref<Object>(std::move(head));
  for (auto _ : state) {
    object->purge_checked = 0;
    benchmark::DoNotOptimize(table.check(*object));
  }
}
BENCHMARK(check_after_purge)->Arg(10)->Arg(100'000);

}  // namespace
}  // namespace cache
