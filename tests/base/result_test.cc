#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace base {
namespace {

Result<int> halve(int number) {
  if (number % 2 != 0) return fail(ErrorCode::kInvalid, "odd", Blame::kClient);
  return number / 2;
}

TEST(Result, IsAValueOrAnErrorWithItsBlame) {
  EXPECT_EQ(*halve(8), 4);
  const auto odd = halve(7);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(odd.error().context, "odd");
  EXPECT_EQ(odd.error().blame, Blame::kClient);
}

TEST(Result, EveryErrorCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kBusy); ++code) {
    names.insert(name_of(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::kBusy) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace base
