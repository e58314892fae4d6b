#include "base/clock.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono_literals::operator""ms;

TEST(ManualClock, StandsStillUntilAdvanced) {
  ManualClock clock(WallTime(1'000ms));
  const MonoTime before = clock.mono();
  EXPECT_EQ(clock.wall(), WallTime(1'000ms));
  clock.advance(250ms);
  EXPECT_EQ(clock.wall(), WallTime(1'250ms));
  EXPECT_EQ(clock.mono() - before, 250ms);
}

TEST(Clock, TellsMicrosecondsForDatabases) {
  EXPECT_EQ(wall_us(ManualClock(WallTime(1'250ms))), 1'250'000);
}

TEST(SystemClock, DoesNotGoBack) {
  const SystemClock clock;
  const MonoTime before = clock.mono();
  EXPECT_GE(clock.mono(), before);
  EXPECT_GT(clock.wall(), WallTime(1'600'000'000'000ms));
}

}  // namespace
}  // namespace base
