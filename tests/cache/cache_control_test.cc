#include <gtest/gtest.h>

#include "cache/freshness.h"

namespace cache {
namespace {

using std::chrono::seconds;

std::optional<seconds> max_age(std::string_view value) {
  return parse_cache_control(value).max_age;
}

TEST(CacheControl, ReadsEveryDirectiveInAnyCase) {
  const CacheControl control = parse_cache_control(
      "No-Store, NO-CACHE, Private, pubLIC, must-revalidate, IMMUTABLE, only-if-cached, "
      "no-transform, must-understand, Max-Age=1, s-maxage=2, stale-while-revalidate=3, "
      "stale-if-error=4, max-stale=5, min-fresh=6");
  EXPECT_TRUE(control.no_store && control.no_cache && control.is_private && control.is_public);
  EXPECT_TRUE(control.must_revalidate && control.immutable && control.only_if_cached);
  EXPECT_TRUE(control.no_transform && control.must_understand);
  EXPECT_EQ(control.max_age, seconds(1));
  EXPECT_EQ(control.s_maxage, seconds(2));
  EXPECT_EQ(control.stale_while_revalidate, seconds(3));
  EXPECT_EQ(control.stale_if_error, seconds(4));
  EXPECT_EQ(control.max_stale, seconds(5));
  EXPECT_EQ(control.min_fresh, seconds(6));
}

TEST(CacheControl, IgnoresWhatItDoesNotKnow) {
  EXPECT_EQ(max_age("foobar, max-age=60, x=\"y, max-age=1\","), seconds(60));
  EXPECT_EQ(max_age("xmax-age=60"), std::nullopt);
  EXPECT_EQ(max_age(""), std::nullopt);
  EXPECT_EQ(max_age(" ,, , "), std::nullopt);
}

TEST(CacheControl, ProxyRevalidateIsMustRevalidateToUs) {
  EXPECT_TRUE(parse_cache_control("proxy-revalidate").must_revalidate);
}

TEST(CacheControl, FieldNamesDoNotWeakenADirective) {
  EXPECT_TRUE(parse_cache_control("private=\"set-cookie\"").is_private);
  EXPECT_TRUE(parse_cache_control("no-cache=\"a, b\", max-age=60").no_cache);
}

TEST(CacheControl, NumbersAreDigitsQuotedOrNot) {
  EXPECT_EQ(max_age("max-age=3600"), seconds(3600));
  EXPECT_EQ(max_age("max-age=\"3600\""), seconds(3600));
  EXPECT_EQ(max_age("max-age=003600"), seconds(3600));
  EXPECT_EQ(max_age("max-age=0"), seconds(0));
}

TEST(CacheControl, AnythingElseIsStale) {
  for (const std::string_view value :
       {"max-age=-3600", "max-age='3600'", "max-age=3600.0", "max-age=3600a", "max-age=a3600",
        "max-age= 3600", "max-age =3600", "max-age", "max-age=", "max-age=\"\"", "max-age=+60",
        "max-age=60; public", "max-age=\"60\"x", "max-age=0x10"}) {
    EXPECT_EQ(max_age(value), seconds(0)) << value;
  }
}

TEST(CacheControl, HugeNumbersAreTheLargest) {
  EXPECT_EQ(max_age("max-age=2147483647"), seconds(2147483647));
  EXPECT_EQ(max_age("max-age=2147483648"), kDeltaMax);
  EXPECT_EQ(max_age("max-age=2147483649"), kDeltaMax);
  EXPECT_EQ(max_age("max-age=" + std::string(400, '9')), kDeltaMax);
}

TEST(CacheControl, TheStricterOfTwoWins) {
  EXPECT_EQ(max_age("max-age=1, max-age=1800"), seconds(1));
  EXPECT_EQ(max_age("max-age=1800, max-age=1"), seconds(1));
  EXPECT_EQ(max_age("max-age=1800, max-age=x"), seconds(0));
  EXPECT_EQ(parse_cache_control("min-fresh=1, min-fresh=9").min_fresh, seconds(9));
}

TEST(CacheControl, MaxStaleMayBeWithoutLimit) {
  EXPECT_EQ(parse_cache_control("max-stale").max_stale, seconds::max());
  EXPECT_EQ(parse_cache_control("max-stale, max-stale=5").max_stale, seconds(5));
  EXPECT_EQ(parse_cache_control("max-stale=x").max_stale, seconds(0));
}

TEST(CacheControl, AQuoteThatNeverEndsHidesNothingThatMatters) {
  const CacheControl control = parse_cache_control("max-age=60, x=\"y, no-store");
  EXPECT_TRUE(control.no_cache);
  EXPECT_FALSE(parse_cache_control("x=\"\\\"\", max-age=60").no_cache);
}

TEST(TargetedControl, IsADictionary) {
  const auto control = parse_targeted("max-age=60;x=1, must-revalidate, private=?0, public=?1");
  ASSERT_TRUE(control);
  EXPECT_EQ(control->max_age, seconds(60));
  EXPECT_TRUE(control->must_revalidate && control->is_public);
  EXPECT_FALSE(control->is_private);
}

TEST(TargetedControl, IsVoidWhenItDoesNotParse) {
  for (const std::string_view value : {"",
                                       " ",
                                       "max-age=",
                                       "max-age=60,",
                                       ",max-age=60",
                                       "Max-Age=60",
                                       "max-age =60",
                                       "max-age= 60",
                                       "max-age=60 no-store",
                                       "max-age=\"60",
                                       "max-age=60;",
                                       "a=1.2345",
                                       "a=(1 2",
                                       "a=?2",
                                       "a=:YQ",
                                       "a=1234567890123456",
                                       "a=\"\x7f\"",
                                       "a=--1",
                                       "=1",
                                       "a;B",
                                       "a=\"\\x\""}) {
    EXPECT_FALSE(parse_targeted(value)) << value;
  }
}

TEST(TargetedControl, ReadsEveryKindOfItem) {
  EXPECT_TRUE(
      parse_targeted("a=\"x\\\"y\", b=tok/en:*, c=:aGk=:, d=(1 \"b\";p c);q=1, e=-1.250,"
                     "*f=?1\t,\tmax-age=5"));
  EXPECT_EQ(parse_targeted("max-age=1, max-age=60")->max_age, seconds(60));  // The last, there.
  EXPECT_EQ(parse_targeted("max-age=\"60\"")->max_age, seconds(0));
  EXPECT_EQ(parse_targeted("max-age=60.0")->max_age, seconds(0));
  EXPECT_EQ(parse_targeted("max-age=-60")->max_age, seconds(0));
}

TEST(SurrogateControl, TakesWhatIsMeantForUsOrForAll) {
  EXPECT_EQ(parse_surrogate_control("max-age=60")->max_age, seconds(60));
  EXPECT_EQ(parse_surrogate_control("max-age=60;headrace")->max_age, seconds(60));
  EXPECT_EQ(parse_surrogate_control("max-age=60;other;headrace")->max_age, seconds(60));
  EXPECT_EQ(parse_surrogate_control("max-age=9;other, MaX-aGe=60")->max_age, seconds(60));
  EXPECT_FALSE(parse_surrogate_control("max-age=60;other"));
  EXPECT_FALSE(parse_surrogate_control("content=\"ESI/1.0\""));
  EXPECT_TRUE(parse_surrogate_control("no-store")->no_store);
}

TEST(SurrogateControl, MayAllowStaleness) {
  const auto control = parse_surrogate_control("max-age=600+30");
  EXPECT_EQ(control->max_age, seconds(600));
  EXPECT_EQ(control->stale_while_revalidate, seconds(30));
}

}  // namespace
}  // namespace cache
