#include "http/entity_tag.h"

#include <gtest/gtest.h>

namespace http {
namespace {

constexpr auto kStrong = Comparison::kStrong;
constexpr auto kWeak = Comparison::kWeak;

TEST(EntityTag, TheTableOfTheRfc) {  // RFC 9110 §8.8.3.2.
  EXPECT_FALSE(same_etag("W/\"1\"", "W/\"1\"", kStrong));
  EXPECT_TRUE(same_etag("W/\"1\"", "W/\"1\"", kWeak));
  EXPECT_FALSE(same_etag("W/\"1\"", "W/\"2\"", kWeak));
  EXPECT_FALSE(same_etag("W/\"1\"", "\"1\"", kStrong));
  EXPECT_TRUE(same_etag("W/\"1\"", "\"1\"", kWeak));
  EXPECT_TRUE(same_etag("\"1\"", "\"1\"", kStrong));
}

TEST(EntityTag, ListsAreReadToTheEndOrTheFirstMistake) {
  EXPECT_TRUE(lists_etag("\"a\", \"b\"", "\"b\"", kStrong));
  EXPECT_TRUE(lists_etag(" , ,\"b\" ,", "\"b\"", kStrong));
  EXPECT_TRUE(lists_etag("\"a,b\"", "\"a,b\"", kStrong));
  EXPECT_FALSE(lists_etag("\"a,b\"", "\"b\"", kStrong));
  EXPECT_FALSE(lists_etag("a, \"b\"", "\"b\"", kStrong));
  EXPECT_FALSE(lists_etag("\"a\" \"b\"", "\"b\"", kStrong));
  EXPECT_FALSE(lists_etag("\"b", "\"b\"", kStrong));
  EXPECT_FALSE(lists_etag("", "\"b\"", kStrong));
}

TEST(EntityTag, OnlyAStarNamesWhatHasNone) {
  EXPECT_TRUE(lists_etag(" * ", "", kWeak));
  EXPECT_FALSE(lists_etag("\"a\", \"\"", "", kWeak));
}

}  // namespace
}  // namespace http
