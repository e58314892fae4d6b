#include "origin/videos/remembered_access.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace origin {
namespace {

using base::ErrorCode;

class RememberedAccessTest : public testing::Test {
 protected:
  std::string of(std::string_view video) {
    const auto access = access_.of(video, [this](std::string_view id) {
      ++asked_;
      return look_up(id);
    });
    return access ? *access : std::string(base::name_of(access.error().code));
  }
  static base::Result<std::string> look_up(std::string_view id) {
    if (id == "gone") return base::fail(ErrorCode::kNotFound, "no such video");
    return id == "priv" ? "private" : "public";
  }

  RememberedAccess access_;
  int asked_ = 0;
};

TEST_F(RememberedAccessTest, AsksOnceForAVideoThatThereIs) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(of("pub"), "public");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(of("priv"), "private");
  EXPECT_EQ(asked_, 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(of("gone"), "not_found");
  EXPECT_EQ(asked_, 5);
}

TEST_F(RememberedAccessTest, AsksAgainOfOneThatWasForgotten) {
  EXPECT_EQ(of("pub") + of("priv"), "publicprivate");
  access_.forget("pub");
  EXPECT_EQ(of("pub") + of("priv"), "publicprivate");
  EXPECT_EQ(asked_, 3);
}

TEST_F(RememberedAccessTest, WhatWasLookedUpBeforeItWasForgottenIsNotRemembered) {
  const auto late = access_.of("pub", [this](std::string_view id) -> base::Result<std::string> {
    access_.forget(id);  // While the answer is on its way.
    return "public";
  });
  EXPECT_EQ(*late, "public");
  EXPECT_EQ(of("pub"), "public");
  EXPECT_EQ(asked_, 1);
}

TEST_F(RememberedAccessTest, RemembersSoManyAndThenBeginsAnew) {
  for (std::size_t i = 0; i < RememberedAccess::kVideosMax; ++i) of(std::to_string(i));
  const int asked = asked_;
  of("0");
  EXPECT_EQ(asked_, asked);
  of("one more");
  of("0");
  EXPECT_EQ(asked_, asked + 2);
}

}  // namespace
}  // namespace origin
