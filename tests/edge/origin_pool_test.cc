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
    for (int i = 0; i < times; ++i) pool.report_failure(origin);
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
    p.pool.report_failure(0);
  }
}

TEST(OriginPool, AProbeThatNeverReportsDoesNotLockTheOriginOut) {
  Pool p;
  p.fail(0);
  p.clock.advance(1s);
  EXPECT_EQ(p.pool.pick({}), 0u);
  p.clock.advance(1s);
  EXPECT_EQ(p.pool.pick({}), 0u);
}

TEST(OriginPool, WhenAllAreDownNoneIsGiven) {
  Pool p;
  p.fail(0);
  p.fail(1);
  EXPECT_EQ(p.pool.pick({}), std::nullopt);
  EXPECT_FALSE(p.pool.states()[1].up);
}

TEST(OriginPool, TheOnlyOriginIsAskedEvenWhenItFails) {
  const base::ManualClock clock;
  OriginPool pool({"http://a:1"}, OriginOrder::kInOrder, {.failures = 1}, clock);
  pool.report_failure(0);
  EXPECT_EQ(pool.pick({}), 0u);
  EXPECT_FALSE(pool.states()[0].up);
}

}  // namespace
}  // namespace edge
