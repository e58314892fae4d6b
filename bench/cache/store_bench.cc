// What does a memory hit cost the store: the lookup, and the chunk?
#include <benchmark/benchmark.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/metrics.h"
#include "cache/store.h"

namespace cache {
namespace {

class Turns final : public base::Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void run() {
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<Task> tasks_;
};

// Answers every request with one small body at once.
class SmallOrigin final : public Origin {
 public:
  SmallOrigin(Turns& turns, bool varies) : turns_(turns), varies_(varies) {}
  std::unique_ptr<OriginFetch> fetch(OriginRequest, OriginEvents& events) override {
    turns_.post([this, &events] {
      base::Fields fields{{"cache-control", "max-age=3600"},
                          {"content-length", "2048"},
                          {"content-type", "application/vnd.apple.mpegurl"},
                          {"etag", "\"1\""}};
      if (varies_) fields.add("vary", "accept-encoding");
      events.on_head(200, std::move(fields));
      events.on_body(std::string(2'048, 'x'));
      events.on_end({});
    });
    class Fetch final : public OriginFetch {
      void resume() override {}
    };
    return std::make_unique<Fetch>();
  }

 private:
  Turns& turns_;
  const bool varies_;
};

class CountedVersions final : public VersionSource {
 public:
  Version next() override { return {++count_ * 0x9E3779B97F4A7C15ULL, count_}; }

 private:
  std::uint64_t count_ = 0;
};

const base::Fields kRequest{{"accept", "*/*"},
                            {"accept-encoding", "gzip, br"},
                            {"user-agent", "AppleCoreMedia/1.0.0.20G75 (iPhone; U; CPU OS)"}};

// A store in memory that holds `objects` manifests.
class WarmStore {
 public:
  explicit WarmStore(std::size_t objects, bool varies = false) : origin_(turns_, varies) {
    const StoreOptions options{.memory_max = base::Bytes((64u << 20) + objects * 24'000)};
    store_ = std::move(*Store::open(options, {.clock = clock_,
                                              .metrics = metrics_,
                                              .versions = versions_,
                                              .fill_threads = {{turns_, origin_}}}));
    for (std::size_t i = 0; i < objects; ++i) {
      keys_.push_back("video.example\n/hls/film-" + std::to_string(i) + "/index.m3u8");
      Ask ask{.key_text = keys_.back(),
              .request = kRequest,
              .policy = std::make_shared<const CachePolicy>()};
      const auto pending = store_->open(std::move(ask), nullptr, turns_, [](auto opened) {
        CHECK(opened && opened->kind == Opened::Kind::kObject);
      });
      turns_.run();
    }
  }
  ~WarmStore() {
    store_->close();
    turns_.run();
  }
  WarmStore(const WarmStore&) = delete;
  WarmStore& operator=(const WarmStore&) = delete;

  // As the edge does for a hit. The key's order is scattered, so that caches see what they would.
  void hit(std::uint64_t n) {
    const std::string& key = keys_[n * 0x9E3779B97F4A7C15ULL % keys_.size()];
    const Lookup lookup = store_->find_in_memory(key, kRequest);
    CHECK(lookup.state == Lookup::State::kFound);
    const base::Ref<Chunk> chunk = store_->chunk_in_memory(*lookup.object, 0, 0);
    CHECK(chunk);
    benchmark::DoNotOptimize(chunk->read(0, 2'048));
  }

 private:
  Turns turns_;
  SmallOrigin origin_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  CountedVersions versions_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> keys_;
};

void memory_hit(benchmark::State& state) {
  WarmStore store(static_cast<std::size_t>(state.range(0)));
  std::uint64_t n = 0;
  for (auto _ : state) store.hit(++n);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(memory_hit)->Arg(1'000)->Arg(10'000)->Arg(100'000);

// What a Vary rule adds: a second key, made from the request's fields.
void memory_hit_of_a_variant(benchmark::State& state) {
  WarmStore store(1'000, true);
  std::uint64_t n = 0;
  for (auto _ : state) store.hit(++n);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(memory_hit_of_a_variant);

// Do two loops hitting one hot object get in each other's way?
void memory_hit_of_one_object(benchmark::State& state) {
  static WarmStore* store = nullptr;
  if (state.thread_index() == 0) store = new WarmStore(1);
  for (auto _ : state) store->hit(0);
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) delete std::exchange(store, nullptr);
}
BENCHMARK(memory_hit_of_one_object)->Threads(1)->Threads(2)->UseRealTime();

// What one miss costs beside its origin: open, fill, chunk, insert.
void small_fill(benchmark::State& state) {
  for (auto _ : state) {
    WarmStore store(1'000);
  }
  state.SetItemsProcessed(state.iterations() * 1'000);
}
BENCHMARK(small_fill)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cache
