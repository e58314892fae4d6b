#include "edge/origin_pool.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

// Two origins, three failures to go down, a backoff of 1 s that doubles up to 4 s.
struct Pool {
  explicit Pool(OriginOrder order = OriginOrder::kInOrder)
      : pool({"http://a:1", "http://b:2"}, order, {.failures = 3, .backoff = 1s, .backoff_max = 4s},
             clock) {}
  void fail(std::size_t origin, int times = 3) {
    for (int i = 0; i < times; ++i) pool.report_failure(origin, "refused");
  }
  base::ManualClock clock;
  OriginPool pool;
};

TEST(OriginPool, InOrderTakesTheFirstThatIsUp) {
  Pool p;
  EXPECT_EQ(p.pool.pick({}), 0u);
  EXPECT_EQ(p.pool.pick({0}), 1u);
  EXPECT_EQ(p.pool.pick({0, 1}), std::nullopt);
}

TEST(OriginPool, BalancedTakesThemInTurn) {
  Pool p(OriginOrder::kBalanced);
  EXPECT_EQ(p.pool.pick({}), 0u);
  EXPECT_EQ(p.pool.pick({}), 1u);
  EXPECT_EQ(p.pool.pick({}), 0u);
}

TEST(OriginPool, FailuresInARowTakeAnOriginDown) {
  Pool p;
  p.fail(0, 2);
  EXPECT_EQ(p.pool.pick({}), 0u);
  p.pool.report_success(0);
  p.fail(0, 2);
  EXPECT_EQ(p.pool.pick({}), 0u);
  p.fail(0, 1);
  EXPECT_EQ(p.pool.pick({}), 1u);
}

TEST(OriginPool, OneProbeAtATimeComesAfterTheBackoff) {
  Pool p;
  p.fail(0);
  p.clock.advance(999ms);
  EXPECT_EQ(p.pool.pick({}), 1u);
  p.clock.advance(1ms);
  EXPECT_EQ(p.pool.pick({}), 0u);
  EXPECT_EQ(p.pool.pick({}), 1u);
  p.pool.report_success(0);
  EXPECT_EQ(p.pool.pick({}), 0u);
}

TEST(OriginPool, AFailedProbeDoublesTheBackoffUpToItsMost) {
  Pool p;
  p.fail(0);
  for (const auto backoff : {1'000ms, 2'000ms, 4'000ms, 4'000ms}) {
    p.clock.advance(backoff - 1ms);
    EXPECT_EQ(p.pool.pick({}), 1u);
    p.clock.advance(1ms);
    EXPECT_EQ(p.pool.pick({}), 0u);
    p.pool.report_failure(0, "refused");
  }
}

TEST(OriginPool, ABurstOfFailuresIsOneReasonToWait) {
  Pool p;
  p.fail(0, 10);  // All were under way when it went down.
  p.clock.advance(1s);
  EXPECT_EQ(p.pool.pick({}), 0u);
}

TEST(OriginPool, AProbeThatNeverReportsDoesNotLockTheOriginOut) {
  Pool p;
  p.fail(0);
  p.clock.advance(1s);
  EXPECT_EQ(p.pool.pick({}), 0u);
  p.clock.advance(1s);
  EXPECT_EQ(p.pool.pick({}), 0u);
}

TEST(OriginPool, WhenAllAreDownTheyAreAskedAllTheSameTheSoonestFirst) {
  Pool p;
  p.fail(1);
  p.clock.advance(100ms);
  p.fail(0);
  EXPECT_EQ(p.pool.pick({}), 1u);
  EXPECT_EQ(p.pool.pick({1}), 0u);
  EXPECT_EQ(p.pool.pick({0, 1}), std::nullopt);
  EXPECT_FALSE(p.pool.states()[1].up);
}

TEST(OriginPool, ADownOriginIsNoLastResortWhileAnotherIsUp) {
  Pool p;
  p.fail(0);
  EXPECT_EQ(p.pool.pick({1}), std::nullopt);
}

TEST(OriginPool, A5xxIsASuccessOnlyWhereNoActiveCheckKnowsBetter) {
  Pool p;
  p.fail(0, 2);
  p.pool.report_head(0, 503);
  p.fail(0, 2);
  EXPECT_TRUE(p.pool.states()[0].up);

  const base::ManualClock clock;
  OriginPool checked({"http://a:1"}, OriginOrder::kInOrder, {.failures = 3, .check_path = "/up"},
                     clock);
  for (int i = 0; i < 3; ++i) {
    checked.report_head(0, 503);
    checked.report_failure(0, "refused");  // The check.
  }
  EXPECT_FALSE(checked.states()[0].up);
  checked.report_head(0, 200);
  EXPECT_TRUE(checked.states()[0].up);
}

TEST(OriginPool, AReloadKeepsWhatIsKnownOfTheSameOrigins) {
  Pool before;
  before.fail(1);
  const base::ManualClock clock;
  OriginPool after({"http://b:2", "http://c:3"}, OriginOrder::kInOrder, {}, clock);
  after.inherit(before.pool);
  EXPECT_FALSE(after.states()[0].up);
  EXPECT_TRUE(after.states()[1].up);
}

TEST(OriginPool, AnOriginsPathGoesBeforeTheTarget) {
  const auto url = [](std::string_view origin, std::string_view target) {
    return url_of(*http::parse_url(origin), target);
  };
  EXPECT_EQ(url("http://a:1", "/v/1.ts?x=1"), "http://a:1/v/1.ts?x=1");
  EXPECT_EQ(url("http://a:1/", "/v"), "http://a:1/v");
  EXPECT_EQ(url("https://a/bucket", "/v"), "https://a/bucket/v");
  EXPECT_EQ(url("https://a/bucket/", "/v"), "https://a/bucket/v");
  EXPECT_EQ(url("https://a/bucket", "v"), "https://a/bucket/v");
}

TEST(OriginPool, TheOnlyOriginIsAskedEvenWhenItFails) {
  const base::ManualClock clock;
  OriginPool pool({"http://a:1"}, OriginOrder::kInOrder, {.failures = 1}, clock);
  pool.report_failure(0, "refused");
  EXPECT_EQ(pool.pick({}), 0u);
  EXPECT_FALSE(pool.states()[0].up);
}

}  // namespace
}  // namespace edge
