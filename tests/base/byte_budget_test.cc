#include "base/byte_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace base {
namespace {

TEST(ByteBudget, GrantsUpToItsLimitAndNotAByteMore) {
  ByteBudget budget(100_B);
  ByteBudget::Share one(&budget);
  ByteBudget::Share other(&budget);
  EXPECT_TRUE(one.try_hold(60));
  EXPECT_TRUE(other.try_hold(40));
  EXPECT_FALSE(other.try_hold(41));
  EXPECT_EQ(other.bytes(), 40u);
  EXPECT_EQ(budget.held(), 100_B);
  EXPECT_TRUE(one.try_hold(59));
  EXPECT_TRUE(other.try_hold(41));
}

TEST(ByteBudget, TakesWhatCantBeDoneWithoutEvenOverTheLimit) {
  ByteBudget budget(10_B);
  ByteBudget::Share share(&budget);
  share.hold(16);
  EXPECT_EQ(budget.held(), 16_B);
  EXPECT_FALSE(share.try_hold(17));
  EXPECT_TRUE(share.try_hold(12));  // Less than before, though still too much.
  EXPECT_EQ(budget.held(), 12_B);
}

TEST(ByteBudget, GetsBackWhatAShareHeldWhenItGoes) {
  ByteBudget budget(10_B);
  {
    ByteBudget::Share first(&budget);
    EXPECT_TRUE(first.try_hold(10));
    ByteBudget::Share second(std::move(first));
    EXPECT_EQ(budget.held(), 10_B);
    second = ByteBudget::Share(&budget);
    EXPECT_EQ(budget.held(), 0_B);
    second.hold(3);
  }
  EXPECT_EQ(budget.held(), 0_B);
}

TEST(ByteBudget, AShareOfNoneHoldsWhatItLikes) {
  ByteBudget::Share share;
  EXPECT_TRUE(share.try_hold(std::size_t{1} << 40));
  EXPECT_EQ(share.bytes(), std::size_t{1} << 40);
  EXPECT_TRUE(share.try_hold(1));
  EXPECT_EQ(share.bytes(), 1u);
}

TEST(ByteBudget, NeverGrantsTooMuchToThreads) {
  ByteBudget budget(100_B);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&budget] {
      for (int turn = 0; turn < 2'000; ++turn) {
        ByteBudget::Share share(&budget);
        if (share.try_hold(40)) {
          EXPECT_LE(budget.held(), 100_B);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.held(), 0_B);
}

}  // namespace
}  // namespace base
