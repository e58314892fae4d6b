#include "edge/token_memo.h"

#include <gtest/gtest.h>

#include <chrono>

namespace edge {
namespace {

using namespace std::chrono_literals;

struct TokenMemoTest : testing::Test {
  // The target of the n-th viewer.
  std::string target(int n, const base::Ed25519PrivateKey& with) const {
    return "/media/~" +
           http::make_media_token("k1", with, base::WallTime(1'800'000'000s + n * 1s), "/v/") +
           "/v/a";
  }
  static bool is_signed(TokenMemo& memo, const std::string& target, const http::MediaKey& key) {
    const auto token = http::parse_media_token(target);
    EXPECT_TRUE(token.has_value());
    return token && memo.is_signed_by(*token, key);
  }

  const base::Ed25519PrivateKey secret = base::Ed25519PrivateKey::make();
  const base::Ed25519PrivateKey other = base::Ed25519PrivateKey::make();
  const http::MediaKey key{"k1", secret.public_key()};
};

TEST_F(TokenMemoTest, RemembersTheGoodOnesAlone) {
  TokenMemo memo(100);
  EXPECT_TRUE(is_signed(memo, target(1, secret), key));
  EXPECT_EQ(memo.size(), 1U);
  EXPECT_TRUE(is_signed(memo, target(1, secret), key));
  EXPECT_FALSE(is_signed(memo, target(2, other), key));
  EXPECT_EQ(memo.size(), 1U);
}

TEST_F(TokenMemoTest, ForgetsBeyondItsBound) {
  TokenMemo memo(10);
  for (int n = 0; n < 100; ++n) {
    EXPECT_TRUE(is_signed(memo, target(n, secret), key));
    EXPECT_LE(memo.size(), 10U);
  }
}

TEST_F(TokenMemoTest, WhatIsAskedForStays) {
  TokenMemo memo(10);
  const std::string loyal = target(1'000, secret);
  EXPECT_TRUE(is_signed(memo, loyal, key));
  for (int n = 0; n < 100; ++n) {
    is_signed(memo, target(n, secret), key);
    EXPECT_TRUE(is_signed(memo, loyal, key));
  }
}

// The id is taken by another key: after a reload, or on another site.
TEST_F(TokenMemoTest, ATokenIsWorthNothingUnderAnotherKeyOfTheSameId) {
  TokenMemo memo(10);
  const std::string made = target(1, secret);
  EXPECT_TRUE(is_signed(memo, made, key));
  EXPECT_FALSE(is_signed(memo, made, {"k1", other.public_key()}));
  EXPECT_TRUE(is_signed(memo, made, key));
}

TEST_F(TokenMemoTest, AnotherPathUnderTheSameTokenIsAnotherQuestion) {
  TokenMemo memo(10);
  std::string made = target(1, secret);
  EXPECT_TRUE(is_signed(memo, made, key));
  made.replace(made.find("/v/"), 3, "/w/");
  EXPECT_FALSE(is_signed(memo, made, key));
}

}  // namespace
}  // namespace edge
