#include "origin/api/call.h"

#include <gtest/gtest.h>

#include <string>

namespace origin {
namespace {

std::string repeated(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// `{"a":[[…]]}`, the object counted.
std::string nested(std::size_t depth) {
  return "{\"a\":" + repeated(depth - 1, "[") + repeated(depth - 1, "]") + "}";
}

TEST(ParseObject, TakesNestingUpToTheLimit) {
  EXPECT_TRUE(parse_object(nested(32)));
  const auto refused = parse_object(nested(33));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kInvalid);
  EXPECT_EQ(refused.error().context, "the body's JSON may be nested 32 deep");
}

TEST(ParseObject, WhatIsNestedByTheMillionIsRefusedWhereverItEnds) {
  EXPECT_FALSE(parse_object(nested(1'000'000)));
  EXPECT_FALSE(parse_object("{\"a\":" + repeated(1'000'000, "[")));
  EXPECT_FALSE(parse_object(repeated(1'000'000, "{\"a\":")));
}

TEST(ParseObject, TakesValuesUpToTheLimit) {
  // The object and the list begin one each.
  EXPECT_TRUE(parse_object("{\"a\":[0" + repeated(999'998, ",0") + "]}"));
  const auto refused = parse_object("{\"a\":[0" + repeated(999'999, ",0") + "]}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context, "the body's JSON may have 1000000 values");
}

TEST(ParseObject, BracketsInStringsAreText) {
  const std::string text = repeated(100, "[{,") + "\\\"" + repeated(100, "[{,") + "\\\\";
  const auto object = parse_object("{\"a\":\"" + text + "\",\"b\":[1]}");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->at("b").size(), 1);
}

TEST(ParseObject, WhatIsNoObjectIsRefused) {
  for (const char* body : {"", "[]", "1", "{", "}", "]]]]{}", "{\"a\":\"", "{\"a\\", "{}{}"}) {
    EXPECT_FALSE(parse_object(body)) << body;
  }
}

TEST(AnswerFor, WhatAClientMayHaveIsToldAndWhatTheServerHasIsNot) {
  using base::Blame;
  using base::Error;
  using base::ErrorCode;
  const auto of = [](ErrorCode code, Blame blame) {
    return answer_for({.code = code, .context = "the reason", .blame = blame});
  };
  EXPECT_EQ(of(ErrorCode::kNoSpace, Blame::kClient).status, 507);
  EXPECT_NE(of(ErrorCode::kNoSpace, Blame::kClient).body.find("the reason"), std::string::npos);
  EXPECT_EQ(of(ErrorCode::kNoSpace, Blame::kUs).body.find("the reason"), std::string::npos);
  EXPECT_EQ(of(ErrorCode::kOverloaded, Blame::kClient).status, 429);
  EXPECT_EQ(of(ErrorCode::kOverloaded, Blame::kUs).status, 503);
  EXPECT_TRUE(of(ErrorCode::kOverloaded, Blame::kUs).fields.contains("retry-after"));
}

}  // namespace
}  // namespace origin
