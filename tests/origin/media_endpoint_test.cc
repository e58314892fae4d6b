#include "origin/media_endpoint.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/event_loop.h"
#include "tests/origin/fake_exchange.h"

namespace origin {
namespace {

// Objects in memory, and the faults of a disk.
class MemoryStore final : public ObjectStore {
 public:
  std::map<std::string, std::string, std::less<>> objects;
  std::uint64_t fails_at = UINT64_MAX;  // Reads that reach this offset fail.
  mutable std::atomic<int> open_objects = 0;
  mutable std::atomic<std::uint64_t> bytes_read = 0;

  base::Result<std::unique_ptr<StoredObject>> open(std::string_view name) const override {
    if (name == "busy") return base::fail(base::ErrorCode::kOverloaded, "too many files");
    if (name == "broken") return base::fail(base::ErrorCode::kIo, "input/output error");
    const auto found = objects.find(name);
    if (found == objects.end()) return base::fail(base::ErrorCode::kNotFound, "");
    return std::make_unique<Object>(*this, found->second);
  }

 private:
  class Object final : public StoredObject {
   public:
    Object(const MemoryStore& store, const std::string& bytes) : store_(store), bytes_(bytes) {
      info_ = {bytes.size(), base::WallTime(std::chrono::seconds(1'600'000'000)), "\"1\""};
      ++store_.open_objects;
    }
    ~Object() override { --store_.open_objects; }
    [[nodiscard]] const ObjectInfo& info() const override { return info_; }
    base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
      if (offset + into.size() > store_.fails_at) {
        return base::fail(base::ErrorCode::kCorrupt, "cut");
      }
      CHECK(offset + into.size() <= bytes_.size());
      std::ranges::copy(bytes_.substr(offset, into.size()), into.begin());
      store_.bytes_read += into.size();
      return {};
    }

   private:
    const MemoryStore& store_;
    const std::string& bytes_;
    ObjectInfo info_;
  };
};

struct MediaEndpointTest : testing::Test {
  MediaEndpointTest() {
    store.objects["hello.ts"] = "hello";
    store.objects["empty.ts"] = "";
    std::string& large = store.objects["large.mp4"];
    for (int i = 0; i < 1'000'000; ++i) large += static_cast<char>(i * 2654435761U >> 13);
  }

  static http::RequestHead request(std::string target, base::Fields fields = {},
                                   std::string method = "GET") {
    http::RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.fields = std::move(fields);
    return head;
  }
  void run() {
    http::Timer guard(loop, [this] {
      ADD_FAILURE() << "nothing happened for 20 s";
      loop.stop();
    });
    guard.arm(std::chrono::seconds(20));
    loop.run();
  }
  std::unique_ptr<FakeExchange> ask(http::RequestHead head) {
    auto exchange = std::make_unique<FakeExchange>(loop, std::move(head));
    exchange->when_over = [this] { loop.stop(); };
    exchange->run(handler);
    run();
    return exchange;
  }

  http::EventLoop loop;
  MemoryStore store;
  base::SystemClock clock;
  base::Metrics metrics;
  MediaEndpoint endpoint{store, 2, MediaRules::defaults(), clock, metrics};
  http::Handler handler = [this](http::Exchange& exchange) { return endpoint.respond(exchange); };
};

TEST_F(MediaEndpointTest, ServesSmallLargeAndEmptyObjects) {
  for (const auto& [name, bytes] : store.objects) {
    const auto exchange = ask(request("/" + name));
    EXPECT_EQ(exchange->head->status, 200);
    EXPECT_EQ(exchange->length, bytes.size());
    EXPECT_TRUE(exchange->body == bytes) << name;
    EXPECT_TRUE(exchange->ended);
  }
}

TEST_F(MediaEndpointTest, ServesEveryRangeAroundPieceBoundaries) {
  const std::string& large = store.objects["large.mp4"];
  const std::uint64_t piece = PiecePool::kPieceSize;
  for (const std::uint64_t first : {std::uint64_t{0}, piece - 1, piece, piece + 1, 2 * piece - 1}) {
    for (const std::uint64_t size :
         {std::uint64_t{1}, std::uint64_t{2}, piece, piece + 1, 2 * piece}) {
      const auto exchange = ask(request(
          "/large.mp4",
          {{"range", "bytes=" + std::to_string(first) + "-" + std::to_string(first + size - 1)}}));
      EXPECT_EQ(exchange->head->status, 206);
      EXPECT_TRUE(exchange->body == large.substr(first, size)) << first << " " << size;
    }
  }
}

TEST_F(MediaEndpointTest, ServesSeveralRangesWithinTheLengthItNamed) {
  const auto exchange =
      ask(request("/large.mp4", {{"range", "bytes=0-299999,500000-500000,-200000"}}));
  EXPECT_EQ(exchange->head->status, 206);
  EXPECT_EQ(exchange->length, exchange->body.size());
  const std::string& large = store.objects["large.mp4"];
  const std::string& body = exchange->body;
  const auto first = body.find(large.substr(0, 300'000));
  const auto last = body.find(large.substr(800'000));
  EXPECT_LT(first, last);
  EXPECT_NE(last, std::string::npos);
  EXPECT_NE(body.find("bytes 500000-500000/1000000"), std::string::npos);
}

TEST_F(MediaEndpointTest, AnswersErrorsWithProblems) {
  const std::vector<std::pair<std::string, int>> cases{{"/missing.ts", 404},
                                                       {"/../etc/passwd", 404},
                                                       {"/%zz", 400},
                                                       {"/busy", 503},
                                                       {"/broken", 500}};
  for (const auto& [target, status] : cases) {
    const auto exchange = ask(request(target));
    EXPECT_EQ(exchange->head->status, status) << target;
    EXPECT_EQ(exchange->head->own.find("content-type"), "application/problem+json");
    EXPECT_EQ(exchange->length, exchange->body.size());
    EXPECT_NE(exchange->body.find("\"status\":" + std::to_string(status)), std::string::npos);
  }
}

TEST_F(MediaEndpointTest, RefusesMethodsThatChange) {
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "get"}) {
    const auto exchange = ask(request("/hello.ts", {}, method));
    EXPECT_EQ(exchange->head->status, 405) << method;
    EXPECT_EQ(exchange->head->own.find("allow"), "GET, HEAD, OPTIONS");
  }
}

TEST_F(MediaEndpointTest, AnswersAPreflight) {
  const auto exchange = ask(request("/hello.ts", {}, "OPTIONS"));
  EXPECT_EQ(exchange->head->status, 204);
  EXPECT_EQ(exchange->head->own.find("access-control-allow-methods"), "GET, HEAD");
}

TEST_F(MediaEndpointTest, EndsTheExchangeShortWhenTheObjectIsCutWhileItIsServed) {
  store.fails_at = 400'000;
  const auto exchange = ask(request("/large.mp4"));
  EXPECT_EQ(exchange->head->status, 200);
  EXPECT_TRUE(exchange->failed);
  EXPECT_LT(exchange->body.size(), 400'000U);
  EXPECT_TRUE(store.objects["large.mp4"].starts_with(exchange->body));
}

TEST_F(MediaEndpointTest, SaysSoWhenNotAByteCanBeRead) {
  store.fails_at = 0;
  const auto exchange = ask(request("/large.mp4"));
  EXPECT_EQ(exchange->head->status, 500);
  EXPECT_TRUE(exchange->ended);
}

TEST_F(MediaEndpointTest, ReadsAheadOfAClientThatStopsByNoMoreThanTwoPieces) {
  FakeExchange exchange(loop, request("/large.mp4"));
  exchange.when_piece = [&] {
    exchange.pulling = false;
    loop.stop();
  };
  exchange.run(handler);
  run();
  // What the readers were asked to do is done when a later request has been answered.
  for (int i = 0; i < 4; ++i) ask(request("/empty.ts"));
  EXPECT_LE(store.bytes_read, 3 * PiecePool::kPieceSize);
}

TEST_F(MediaEndpointTest, ForgetsAClientThatLeavesAtAnyTime) {
  for (const int pieces : {0, 1, 3}) {
    FakeExchange exchange(loop, request("/large.mp4"));
    int seen = 0;
    exchange.when_piece = [&] {
      if (++seen < pieces) return;
      exchange.pulling = false;
      loop.stop();
    };
    exchange.run(handler);
    if (pieces != 0) run();
    exchange.leave();
    ask(request("/hello.ts"));
  }
  while (store.open_objects != 0) ask(request("/hello.ts"));
}

TEST_F(MediaEndpointTest, ServesManyAtOnce) {
  constexpr int kCrowd = 50;
  std::vector<std::unique_ptr<FakeExchange>> exchanges;
  int over = 0;
  for (int i = 0; i < kCrowd; ++i) {
    exchanges.push_back(std::make_unique<FakeExchange>(loop, request("/large.mp4")));
    exchanges.back()->when_over = [&] {
      if (++over == kCrowd) loop.stop();
    };
    exchanges.back()->run(handler);
  }
  run();
  for (const auto& exchange : exchanges) {
    EXPECT_TRUE(exchange->body == store.objects["large.mp4"]);
  }
  EXPECT_NE(metrics.text().find("headrace_origin_requests_total{status=\"2xx\"} 50"),
            std::string::npos);
}

TEST(PiecePool, UsesAPieceAgainOnceItsLastSliceIsGone) {
  PiecePool pool;
  const char* address = nullptr;
  {
    base::Ref<PiecePool::Piece> piece = pool.take();
    address = piece->data();
    const base::Slice slice(piece->data(), 10, piece);
    piece = nullptr;
    EXPECT_NE(pool.take()->data(), address);
  }
  const auto one = pool.take();
  const auto two = pool.take();
  EXPECT_TRUE(one->data() == address || two->data() == address);
}

TEST(PiecePool, MayGoBeforeItsPieces) {
  base::Ref<PiecePool::Piece> piece;
  {
    PiecePool pool;
    piece = pool.take();
  }
  piece->data()[0] = 'x';
}

}  // namespace
}  // namespace origin
