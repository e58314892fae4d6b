#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "origin/api/endpoint.h"
#include "tests/origin/fake_exchange.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

// Tells the thread that it is destroyed on.
class WatchedTaker final : public BodyTaker {
 public:
  explicit WatchedTaker(std::function<void(std::thread::id)> on_gone)
      : on_gone_(std::move(on_gone)) {}
  WatchedTaker(const WatchedTaker&) = delete;
  WatchedTaker& operator=(const WatchedTaker&) = delete;
  ~WatchedTaker() override { on_gone_(std::this_thread::get_id()); }
  base::Result<void> take(std::string_view /*bytes*/) override { return {}; }
  base::Result<ApiAnswer> finish() override { return ApiAnswer::empty(204); }

 private:
  std::function<void(std::thread::id)> on_gone_;
};

class ApiEndpointTest : public testing::Test {
 protected:
  TestDatabase test_;
  base::ManualClock clock_;
  base::Metrics metrics_;
  std::unique_ptr<Database> database_ = test_.make(Engine::kSqlite);
  Tokens tokens_{*database_, clock_};
  Router router_;
  base::ByteBudget bodies_{base::Bytes(1u << 20)};
  http::EventLoop loop_;
};

// Its destruction may sync files, which would keep every client of the loop waiting.
TEST_F(ApiEndpointTest, ATakerWhoseClientLeftIsNotDestroyedOnTheLoop) {
  std::promise<void> begun;
  std::promise<void> left;
  std::promise<std::thread::id> gone;
  router_.add({.method = "PUT",
               .pattern = "/thing",
               .access = Access::kAnyone,
               .take = [&](const ApiCall&) -> base::Result<std::unique_ptr<BodyTaker>> {
                 begun.set_value();
                 left.get_future().wait();
                 return std::make_unique<WatchedTaker>([&](std::thread::id where) {
                   gone.set_value(where);
                   loop_.stop();
                 });
               }});
  ApiEndpoint endpoint(router_, tokens_, bodies_, 1, metrics_);
  FakeExchange exchange(loop_, {.method = "PUT", .target = "/thing"});
  exchange.run([&](http::Exchange& one) { return endpoint.respond(one); });
  begun.get_future().wait();
  exchange.leave();
  left.set_value();
  loop_.run();
  EXPECT_NE(gone.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace origin
