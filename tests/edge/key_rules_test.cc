#include "edge/key_rules.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

TEST(Ambiguity, OrdinaryTargetsHaveNone) {
  for (const char* target : {"/", "/v/1.mp4", "/v/a.b..c/x", "/v/%20x", "/.well-known/x", "/...",
                             "/v?a=../b", "/v//w", "/v?path=%2Fetc", "/%C3%A9"}) {
    EXPECT_EQ(ambiguity_of(target), "") << target;
  }
}

TEST(Ambiguity, WhatTwoParsersCouldReadDifferentlyIsNamed) {
  for (const char* target :
       {"/..", "/../x", "/v/..", "/v/./w", "/v/%2e%2e/w", "/v/%2E./w", "/a%2Fb", "/a%5cb", "/a\\b",
        "/a%00", "/a%", "/a%4", "/a%zz", "/v/.?x=1"}) {
    EXPECT_NE(ambiguity_of(target), "") << target;
  }
}

TEST(NormalisedTarget, KeepsTheQueryAsItCameByDefault) {
  EXPECT_EQ(normalised_target("/v?b=2&a=1&", {}), "/v?b=2&a=1&");
}

TEST(NormalisedTarget, DropsTheWholeQuery) {
  EXPECT_EQ(normalised_target("/v?b=2&a=1", {.rule = QueryRule::kDrop}), "/v");
}

TEST(NormalisedTarget, SortsByNameAndKeepsTheOrderOfEqualNames) {
  EXPECT_EQ(normalised_target("/v?b=2&a=9&a=1&ab=0", {.rule = QueryRule::kSort}),
            "/v?a=9&a=1&ab=0&b=2");
}

TEST(NormalisedTarget, KeepsOnlyNamedParameters) {
  EXPECT_EQ(normalised_target("/v?utm=1&t=3&x", {.keep = {"t"}}), "/v?t=3");
  EXPECT_EQ(normalised_target("/v?utm=1", {.keep = {"t"}}), "/v");
}

TEST(NormalisedTarget, DropsNamedParametersEvenIfKept) {
  EXPECT_EQ(normalised_target("/v?utm=1&t=3", {.keep = {"t", "utm"}, .drop = {"utm"}}), "/v?t=3");
}

TEST(KeyText, JoinsSiteAndTarget) {
  std::string text = "old";
  write_key_text(text, "video", "/v?t=3", {});
  EXPECT_EQ(text, "video\n/v?t=3");
  write_key_text(text, "video", "/v?t=3", "a.example:8080");
  EXPECT_EQ(text, "video\n/v?t=3 a.example:8080");
}

}  // namespace
}  // namespace edge
