// The store under real threads: event loops full of clients, fill threads, disk threads, purges.
// What it proves is TSan's to say; that nobody is left waiting and every byte is right, its own.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "cache/file_system.h"
#include "tests/cache/disk_fixture.h"
#include "tests/cache/scripted_origin.h"
#include "tests/cache/simulated_world.h"
#include "tests/cache/store_client.h"
#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

constexpr std::uint32_t kChunk = 64 * 1024;
constexpr std::uint32_t kPages = 10;

struct PageTarget final : OriginTarget {
  explicit PageTarget(std::uint32_t number) : page(number) {}
  const std::uint32_t page;
};

// Pages whose version moves on; the bytes say which version they are of.
class Pages {
 public:
  std::uint32_t version(std::uint32_t page) const { return versions_[page]; }
  void change(std::uint32_t page) { ++versions_[page]; }
  static std::string body(std::uint32_t page, std::uint32_t version) {
    return body_of(page % 3 == 0 ? 900 : page * kChunk / 2 + version, page * 100 + version);
  }
  Resource now(std::uint32_t page) const {
    const std::uint32_t at = version(page);
    Resource resource{.bytes = body(page, at), .etag = "\"" + std::to_string(at) + "\""};
    if (page % 4 == 1) resource.etag.clear();
    resource.fields.add("x-version", std::to_string(at));
    return resource;
  }

 private:
  std::atomic<std::uint32_t> versions_[kPages] = {};
};

// Answers on its fill thread, piece by piece, each in a turn of its own.
class ThreadedOrigin final : public Origin {
 public:
  ThreadedOrigin(base::Executor& thread, const Pages& pages) : thread_(thread), pages_(pages) {}

  std::unique_ptr<OriginFetch> fetch(OriginRequest request, OriginEvents& events) override {
    const auto& target = static_cast<const PageTarget&>(*request.target);
    auto exchange =
        std::make_shared<Turns>(std::make_shared<ScriptedOrigin>(), pages_.now(target.page));
    exchange->fetch = exchange->origin->fetch(std::move(request), events);
    turn(exchange);
    return std::make_unique<Fetch>(*this, std::move(exchange));
  }

 private:
  struct Turns {
    std::shared_ptr<ScriptedOrigin> origin;
    Resource resource;
    std::unique_ptr<OriginFetch> fetch = nullptr;
  };
  class Fetch final : public OriginFetch {
   public:
    Fetch(ThreadedOrigin& origin, std::shared_ptr<Turns> turns)
        : origin_(origin), turns_(std::move(turns)) {}
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    ~Fetch() override { turns_->fetch.reset(); }
    void resume() override {
      turns_->fetch->resume();
      origin_.turn(turns_);
    }

   private:
    ThreadedOrigin& origin_;
    std::shared_ptr<Turns> turns_;
  };

  void turn(const std::shared_ptr<Turns>& turns) {
    thread_.post([this, turns] {
      ScriptedOrigin::Exchange& exchange = (*turns->origin)[0];
      if (!exchange.live()) return;
      if (!exchange.answered()) {
        exchange.head_of(turns->resource);
      } else if (exchange.bytes_left() == 0) {
        return exchange.end();
      } else if (!exchange.some(turns->resource, 20'000)) {
        return;
      }
      turn(turns);
    });
  }

  base::Executor& thread_;
  const Pages& pages_;
};

class RandomVersions final : public VersionSource {
 public:
  Version next() override {
    Dice dice(++count_);
    return {dice.next(), dice.next()};
  }

 private:
  std::atomic<std::uint64_t> count_{0};
};

// One event loop's clients: always so many at a time, until enough have been.
class Crowd {
 public:
  Crowd(Store& store, base::Executor& loop, const base::Clock& clock, std::uint64_t seed,
        int clients, std::latch& done)
      : store_(store), loop_(loop), clock_(clock), dice_(seed), left_(clients), done_(done) {
    loop_.post([this] {
      for (int i = places_; i > 0; --i) begin();
    });
  }

  int wrong = 0;  // Read after `done`.
  int served = 0;

 private:
  void begin() {
    if (left_ == 0) {
      if (--places_ == 0) done_.count_down();
      return;
    }
    --left_;
    const std::uint64_t id = next_++;
    const auto page = static_cast<std::uint32_t>(dice_.below(kPages));
    auto client = std::make_unique<StoreClient>(store_, loop_, clock_);
    StoreClient& begun = *client;
    clients_.emplace(id, std::move(client));
    begun.on_end = [this, id, page] { end(id, page); };
    StoreClient::Get what{.key_text = "site\n/" + std::to_string(page),
                          .target = base::make_ref<PageTarget>(page)};
    if (dice_.one_in(2)) {
      what.range = Span{dice_.below(4 * kChunk), std::nullopt};
      what.range->last = what.range->first + dice_.below(2 * kChunk);
    }
    ranges_[id] = what.range;
    begun.get(std::move(what));
    if (dice_.one_in(10)) {  // Leaves at once.
      clients_.erase(id);
      loop_.post([this] { begin(); });
    }
  }

  void end(std::uint64_t id, std::uint32_t page) {
    const auto entry = clients_.find(id);
    if (entry == clients_.end()) return;
    const StoreClient& client = *entry->second;
    if (client.object()) {
      const auto version = client.object()->fields()->fields.find("x-version");
      std::string expected =
          Pages::body(page, static_cast<std::uint32_t>(std::stoul(std::string(*version))));
      if (const auto range = ranges_[id]) {
        expected = range->first < expected.size()
                       ? expected.substr(range->first, *range->last - range->first + 1)
                       : "";
      }
      const bool all = client.end() == StoreClient::End::kServed;
      if (all) ++served;
      if (all ? client.bytes() != expected : !expected.starts_with(client.bytes())) ++wrong;
    }
    clients_.erase(entry);
    begin();
  }

  Store& store_;
  base::Executor& loop_;
  const base::Clock& clock_;
  Dice dice_;
  int left_;
  int places_ = 8;
  std::latch& done_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::unique_ptr<StoreClient>> clients_;
  std::map<std::uint64_t, std::optional<Span>> ranges_;
};

void hammer(std::optional<DiskTierOptions> disk, int clients) {
  const base::SystemClock clock;
  base::Metrics metrics;
  RandomVersions versions;
  Pages pages;
  const auto files = make_posix_file_system();
  auto loops = std::vector<std::unique_ptr<base::WorkerPool>>();
  for (int i = 0; i < 3; ++i) loops.push_back(std::make_unique<base::WorkerPool>("loop", 1));
  auto fill_a = std::make_unique<base::WorkerPool>("fill", 1);
  auto fill_b = std::make_unique<base::WorkerPool>("fill", 1);
  auto readers = std::make_unique<base::WorkerPool>("read", 3);
  auto writer = std::make_unique<base::WorkerPool>("write", 1);
  auto index = std::make_unique<base::WorkerPool>("index", 1);
  ThreadedOrigin origin_a(*fill_a, pages);
  ThreadedOrigin origin_b(*fill_b, pages);

  StoreOptions options{.memory_max = base::Bytes(disk ? 8u << 20 : 5u << 20),
                       .chunk_size = kChunk,
                       .disk = std::move(disk)};
  auto opened = Store::open(options, {.clock = clock,
                                      .metrics = metrics,
                                      .versions = versions,
                                      .fill_threads = {{*fill_a, origin_a}, {*fill_b, origin_b}},
                                      .files = files.get(),
                                      .disk_readers = readers.get(),
                                      .disk_writer = writer.get(),
                                      .disk_index = index.get()});
  ASSERT_TRUE(opened.has_value()) << opened.error().context;
  const std::unique_ptr<Store> store = std::move(*opened);

  std::latch done(3);
  std::vector<std::unique_ptr<Crowd>> crowds;
  for (std::uint64_t i = 0; i < 3; ++i) {
    crowds.push_back(std::make_unique<Crowd>(*store, *loops[i], clock, i + 1, clients, done));
  }
  base::WorkerPool operator_thread("operator", 1);
  std::atomic<int> acknowledged = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::uint32_t page = i % kPages;
    pages.change(page);
    std::latch answered(1);
    store->purge({.text = "site\n/" + std::to_string(page), .soft = i % 3 == 0}, operator_thread,
                 [&](const base::Result<std::uint64_t>& sequence) {
                   acknowledged += sequence.has_value();
                   answered.count_down();
                 });
    answered.wait();
  }
  done.wait();
  EXPECT_EQ(acknowledged, 40);
  store->close();
  // In the order in which they post to each other: clients' loops last.
  fill_a.reset();
  fill_b.reset();
  readers.reset();
  writer.reset();
  index.reset();
  loops.clear();
  int served = 0;
  for (const auto& crowd : crowds) {
    EXPECT_EQ(crowd->wrong, 0);
    served += crowd->served;
  }
  EXPECT_GT(served, clients);
}

TEST(Store_Threads, InMemoryEveryByteIsRightAndNobodyIsLeftWaiting) { hammer(std::nullopt, 400); }

TEST(Store_Threads, OverADiskEveryByteIsRightAndNobodyIsLeftWaiting) {
  const DiskDirectory directory;
  hammer(DiskTierOptions{.path = directory.path(),
                         .size_max = base::Bytes(16u << 20),
                         .region_size = base::Bytes(1u << 20),
                         .index_memory = base::Bytes(2u << 20)},
         250);
}

}  // namespace
}  // namespace cache
