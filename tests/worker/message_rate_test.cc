#include "worker/sandbox/message_rate.h"

#include <gtest/gtest.h>

namespace worker::sandbox {
namespace {

using std::chrono::milliseconds;

const base::MonoTime kStart{std::chrono::hours(1)};

TEST(MessageRate, ABurstIsNotHeldBack) {
  MessageRate rate(100, 10, kStart);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rate.wait_for_one(kStart).count(), 0) << i;
  EXPECT_EQ(rate.wait_for_one(kStart), milliseconds(10));
  EXPECT_EQ(rate.wait_for_one(kStart), milliseconds(20));
}

TEST(MessageRate, ASteadyPaceIsNeverHeldBack) {
  MessageRate rate(100, 1, kStart);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(rate.wait_for_one(kStart + i * milliseconds(10)).count(), 0);
  }
}

TEST(MessageRate, SilenceEarnsOneBurstAndNoMore) {
  MessageRate rate(100, 10, kStart);
  const base::MonoTime later = kStart + std::chrono::hours(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rate.wait_for_one(later).count(), 0);
  EXPECT_GT(rate.wait_for_one(later).count(), 0);
}

}  // namespace
}  // namespace worker::sandbox
