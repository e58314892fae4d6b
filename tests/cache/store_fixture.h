// A store on one thread: its fills, its clients and its clock move when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/metrics.h"
#include "cache/store.h"
#include "tests/cache/scripted_origin.h"
#include "tests/cache/store_client.h"
#include "tests/cache/test_loop.h"

namespace cache {

// Versions in order, so that a failure reads the same every time.
class CountedVersions final : public VersionSource {
 public:
  Version next() override { return {0xC0FFEE, ++count_ * 0x9E3779B97F4A7C15ULL}; }

 private:
  std::uint64_t count_ = 0;
};

// Says where two bodies differ instead of printing them.
inline testing::AssertionResult same(std::string_view got, std::string_view expected) {
  if (got == expected) return testing::AssertionSuccess();
  const auto at = std::ranges::mismatch(got, expected).in1 - got.begin();
  return testing::AssertionFailure() << "got " << got.size() << " bytes, expected "
                                     << expected.size() << "; they differ at " << at;
}

class StoreFixture : public testing::Test {
 protected:
  using End = StoreClient::End;
  static constexpr std::uint32_t kChunk = 64 * 1024;

  ~StoreFixture() override { close(); }

  virtual void adjust(StoreContext&) {}

  Store& store() {
    if (!store_) {
      StoreContext context{
          .clock = loop.clock(),
          .metrics = metrics,
          .versions = versions,
          .fill_threads = {
              {loop, origin, [this](std::chrono::milliseconds delay, base::Executor::Task task) {
                 loop.after(delay, std::move(task));
               }}}};
      context.buffers = &buffers;
      adjust(context);
      auto opened = Store::open(options, context);
      CHECK(opened.has_value());
      store_ = std::move(*opened);
    }
    return *store_;
  }
  void close() {
    clients_.clear();
    if (!store_) return;
    loop.run();  // The disk tier waits in close() for what this thread has still to do.
    store_->close();
    loop.run();
    EXPECT_EQ(store_->stats().fills_in_flight, 0u);
    EXPECT_EQ(store_->stats().followers, 0u);
    store_.reset();
  }

  // Clients. Each lives as long as the test, unless it leaves.
  StoreClient& get(StoreClient::Get what = {}) {
    clients_.push_back(std::make_unique<StoreClient>(store(), loop, loop.clock()));
    clients_.back()->get(std::move(what));
    loop.run();
    return *clients_.back();
  }
  StoreClient& get_range(std::uint64_t first, std::optional<std::uint64_t> last) {
    return get({.range = Span{first, last}});
  }
  void leave(StoreClient& client) {
    std::erase_if(clients_, [&](const auto& one) { return one.get() == &client; });
    loop.run();
  }
  // Lets an honest origin answer until nothing moves any more.
  void serve(const Resource& resource) {
    do {
      loop.run();
    } while (origin.serve(resource));
    loop.run();
  }
  // A whole GET, answered by an honest origin.
  std::string fetched(const Resource& resource, StoreClient::Get what = {}) {
    StoreClient& client = get(std::move(what));
    serve(resource);
    EXPECT_TRUE(client.done());
    return client.bytes();
  }
  void purge(PurgeKind kind, std::string text, bool soft = false) {
    bool acknowledged = false;
    store().purge(
        {.kind = kind, .text = std::move(text), .soft = soft}, loop,
        [&](base::Result<std::uint64_t> sequence) { acknowledged = sequence.has_value(); });
    loop.run();
    EXPECT_TRUE(acknowledged);
  }
  [[nodiscard]] std::uint64_t fills(const std::string& result) {
    return metrics.counter("headrace_cache_fills_total", "", {{"result", result}}).value();
  }
  static Resource resource(std::size_t size, std::string etag = "\"v1\"", unsigned salt = 0) {
    return {.bytes = body_of(size, salt), .etag = std::move(etag)};
  }

  const std::shared_ptr<const CachePolicy> policy = std::make_shared<CachePolicy>();
  TestLoop loop;
  ScriptedOrigin origin;
  base::Metrics metrics;
  CountedVersions versions;
  base::ByteBudget buffers{base::Bytes(16u << 20)};
  StoreOptions options{.memory_max = base::Bytes(64u << 20), .chunk_size = kChunk};

 private:
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<StoreClient>> clients_;
};

}  // namespace cache
