#include "origin/api/held_body.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace origin {
namespace {

using base::ErrorCode;

constexpr std::size_t kMiB = 1u << 20;

TEST(HeldBody, HoldsAsMuchAsItMay) {
  base::ByteBudget budget(base::Bytes(10 * kMiB));
  HeldBody body(budget, 5);
  EXPECT_TRUE(body.append("abc"));
  EXPECT_TRUE(body.append("de"));
  EXPECT_EQ(body.append("f").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(body.view(), "abcde");
}

TEST(HeldBody, AllTogetherHaveTheBudget) {
  base::ByteBudget budget(base::Bytes(3 * kMiB));
  const std::string bytes(kMiB, 'x');
  std::optional<HeldBody> first(std::in_place, budget, 2 * kMiB);
  HeldBody second(budget, 2 * kMiB);
  ASSERT_TRUE(first->append(bytes));
  ASSERT_TRUE(first->append(bytes));
  ASSERT_TRUE(second.append(bytes));
  EXPECT_EQ(budget.held().count(), 3 * kMiB);
  const auto refused = second.append("x");
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(refused.error().blame, base::Blame::kUs);
  // It counts for as long as who took the bytes is at work.
  EXPECT_EQ(first->take().size(), 2 * kMiB);
  EXPECT_EQ(second.append("x").error().code, ErrorCode::kOverloaded);
  first.reset();
  EXPECT_TRUE(second.append("x"));
}

TEST(HeldBody, ASmallOneFitsIntoAFullBudget) {
  base::ByteBudget budget{base::Bytes(kMiB)};
  HeldBody large(budget, kMiB);
  ASSERT_TRUE(large.append(std::string(kMiB, 'x')));
  HeldBody small(budget, kMiB);
  EXPECT_TRUE(small.append(std::string(HeldBody::kAlwaysHeld, 'x')));
  EXPECT_EQ(small.append("x").error().code, ErrorCode::kOverloaded);
}

}  // namespace
}  // namespace origin
