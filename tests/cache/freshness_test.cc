#include "cache/freshness.h"

#include <gtest/gtest.h>

#include "base/date.h"

namespace cache {
namespace {

using namespace std::chrono_literals;
using base::Fields;
using std::chrono::seconds;

const base::WallTime kNow{1'700'000'000'000ms};

std::string date(seconds from_now) { return base::format_date(kNow + from_now); }

// A response to a plain GET, sent and received at kNow.
StoreDecision judged(const Fields& response, int status = 200, const CachePolicy& policy = {},
                     const Fields& request = {}) {
  return judge(request, status, response, policy, kNow, kNow);
}
StoreVerdict verdict(const Fields& response, int status = 200, const Fields& request = {}) {
  return judged(response, status, {}, request).verdict;
}
// How long it is fresh, from kNow.
std::chrono::milliseconds ttl(const Fields& response, int status = 200,
                              const CachePolicy& policy = {}) {
  const StoreDecision decision = judged(response, status, policy);
  if (decision.verdict != StoreVerdict::kStore) return -1s;
  return decision.freshness.ttl(kNow);
}

TEST(Lifetime, TheClosestFieldWins) {
  const std::string expires = date(100s), now = date(0s);
  EXPECT_EQ(ttl({{"expires", expires}, {"date", now}}), 100s);
  EXPECT_EQ(ttl({{"expires", expires}, {"date", now}, {"cache-control", "max-age=60"}}), 60s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=60"}, {"expires", "0"}}), 60s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=60, s-maxage=3600"}}), 3600s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=3600"}, {"cache-control", "s-maxage=1"}}), 1s);
  EXPECT_EQ(ttl({{"cache-control", "no-store"}, {"cdn-cache-control", "max-age=5"}}), 5s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=1"}, {"surrogate-control", "max-age=5"}}), 5s);
  EXPECT_EQ(ttl({{"surrogate-control", "max-age=1"}, {"cdn-cache-control", "max-age=5"}}), 5s);
  // One that does not parse is not there.
  EXPECT_EQ(ttl({{"cache-control", "max-age=60"}, {"cdn-cache-control", "max-age=5,"}}), 60s);
}

TEST(Lifetime, ATargetedFieldHidesCacheControlAndExpires) {
  const std::string expires = date(100s), modified = date(-1000s);
  EXPECT_EQ(ttl({{"cdn-cache-control", "public"},
                 {"cache-control", "max-age=60"},
                 {"expires", expires},
                 {"last-modified", modified}}),
            100s);  // A tenth of 1,000.
}

TEST(Lifetime, ExpiresCountsFromDate) {
  const std::string later = date(400s), expires = date(300s), early = date(-50s);
  EXPECT_EQ(ttl({{"expires", expires}, {"date", later}, {"etag", "\"a\""}}), 0s);
  EXPECT_EQ(ttl({{"expires", expires}, {"date", "foo"}}), 300s);
  EXPECT_EQ(ttl({{"expires", expires}}), 300s);
  EXPECT_EQ(ttl({{"expires", expires}, {"date", early}}), 300s);  // 350 long, 50 old.
}

TEST(Lifetime, AnInvalidExpiresIsThePast) {
  for (const std::string_view value :
       {"0", "", "-1", "now", "Thu, 18 Aug 2050 02:01:18 AEST", "Thu, 32 Aug 2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 2:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT"}) {
    EXPECT_EQ(ttl({{"expires", value}, {"etag", "\"a\""}}), 0s) << value;
  }
  for (const std::string_view value :
       {"Thu, 18 Aug 2050 02:01:18 GMT", "Thursday, 18-Aug-50 02:01:18 GMT",
        "Thu Aug 18 02:01:18 2050", "Sun, 21 Nov 2286 04:46:39 GMT"}) {
    EXPECT_GT(ttl({{"expires", value}}), 24h) << value;
  }
  const std::string expires = date(100s);
  EXPECT_EQ(ttl({{"expires", expires}, {"expires", "0"}, {"etag", "\"a\""}}), 0s);
}

TEST(Age, IsTakenOffTheLifetime) {
  EXPECT_EQ(ttl({{"cache-control", "max-age=3600"}, {"age", "30"}}), 3570s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=60"}, {"age", "7200"}, {"etag", "\"a\""}}),
            60s - 7200s);
  // By Age or by Date, whichever says older.
  const std::string old = date(-10s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=60"}, {"age", "3"}, {"date", old}}), 50s);
}

TEST(Age, CountsTheTimeThatTheResponseTook) {
  const Fields response{{"cache-control", "max-age=60"}, {"age", "10"}};
  const auto decision = judge({}, 200, response, {}, kNow - 2500ms, kNow);
  EXPECT_EQ(decision.freshness.age(kNow), 12'500ms);
  EXPECT_EQ(decision.freshness.age(kNow + 10s), 22'500ms);
  EXPECT_EQ(decision.freshness.age(kNow - 10s), 12'500ms);  // A clock set back.
}

TEST(Age, DateWithinTheSameSecondIsNoAge) {
  const std::string now = date(0s);
  const Fields response{{"cache-control", "max-age=60"}, {"date", now}};
  const auto decision = judge({}, 200, response, {}, kNow + 999ms, kNow + 999ms);
  EXPECT_EQ(decision.freshness.age_initial, 0ms);
}

TEST(Age, AnInvalidOneMakesStale) {
  for (const std::string_view age :
       {"abc", "-7200", "7200.0", "7200,0", "0, 0", "0;foo=1", "", "+1"}) {
    EXPECT_EQ(ttl({{"cache-control", "max-age=10000"}, {"age", age}, {"etag", "\"a\""}}), 0s)
        << age;
  }
  EXPECT_EQ(ttl({{"cache-control", "max-age=9"}, {"age", "0"}, {"age", "0"}, {"etag", "\"a\""}}),
            0s);
}

TEST(Heuristics, ATenthOfTheAgeOfTheFileAtMostADay) {
  const std::string modified = date(-1000s), ancient = date(-1'000'000'000s), soon = date(10s);
  EXPECT_EQ(ttl({{"last-modified", modified}}), 100s);
  EXPECT_EQ(ttl({{"last-modified", ancient}}), 24h);
  EXPECT_EQ(ttl({{"last-modified", soon}}), 0s);
  EXPECT_EQ(ttl({{"last-modified", modified}, {"pragma", "no-cache"}}), 0s);
  EXPECT_EQ(ttl({{"last-modified", modified}}, 200, {.default_lifetime = 7s}), 7s);
}

TEST(Heuristics, ApplyToSomeStatusesOnly) {
  const std::string modified = date(-86'400s);
  const Fields response{{"last-modified", modified}};
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    EXPECT_GT(ttl(response, status), 0s) << status;
  }
  for (const int status : {201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(verdict(response, status), StoreVerdict::kStatus) << status;
  }
  EXPECT_GT(ttl({{"last-modified", modified}, {"cache-control", "public"}}, 599), 0s);
}

TEST(Heuristics, WhatIsNotThereIsKeptShortly) {
  const std::string modified = date(-86'400s);
  EXPECT_EQ(ttl({{"last-modified", modified}}, 404), 5s);
  EXPECT_EQ(ttl({}, 410, {.negative_lifetime = 9s}), 9s);
  EXPECT_EQ(judged({}, 404, {.negative_lifetime = 0s}).verdict, StoreVerdict::kNoLifetime);
  EXPECT_EQ(ttl({{"cache-control", "max-age=60"}}, 404), 60s);
  EXPECT_EQ(ttl({{"cache-control", "max-age=60"}}, 503), 5s);  // Errors, never longer.
}

TEST(Judge, StatusesWithExplicitFreshness) {
  const Fields response{{"cache-control", "max-age=60"}};
  for (const int status :
       {200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(verdict(response, status), StoreVerdict::kStore) << status;
  }
  for (const int status : {100, 101, 199, 206, 304}) {
    EXPECT_EQ(verdict(response, status), StoreVerdict::kStatus) << status;
  }
}

TEST(Judge, MustUnderstandNeedsAKnownStatus) {
  const Fields response{{"cache-control", "max-age=60, must-understand, no-store"}};
  EXPECT_EQ(verdict(response, 599), StoreVerdict::kStatus);
  EXPECT_EQ(verdict(response, 200), StoreVerdict::kStore);  // RFC 9111 §5.2.2.3.
}

TEST(Judge, KeepsWhatIsPrivateOut) {
  EXPECT_EQ(verdict({{"cache-control", "no-store, max-age=60"}}), StoreVerdict::kNoStore);
  EXPECT_EQ(verdict({{"cache-control", "private, max-age=60"}}), StoreVerdict::kPrivate);
  EXPECT_EQ(verdict({{"surrogate-control", "no-store"}, {"cache-control", "max-age=60"}}),
            StoreVerdict::kNoStore);
  EXPECT_EQ(verdict({{"cache-control", "max-age=60"}}, 200, {{"cache-control", "no-store"}}),
            StoreVerdict::kNoStore);
  EXPECT_EQ(verdict({{"cache-control", "max-age=60"}, {"set-cookie", "a=b"}}),
            StoreVerdict::kSetCookie);
  EXPECT_EQ(verdict({{"cache-control", "max-age=60"}, {"vary", "a, *"}}), StoreVerdict::kVaryAll);
}

TEST(Judge, ACookieIsAsTheSitesPolicySays) {
  const auto with_cookie = [](const std::string& name, const std::string& value, SetCookie policy) {
    const base::WallTime now = base::WallTime(std::chrono::hours(500'000));
    return judge({}, 200, {{name, value}, {"set-cookie", "a=b"}}, {.set_cookie = policy}, now, now)
        .verdict;
  };
  for (const auto& [name, value] :
       {std::pair("cache-control", "public, max-age=60"), std::pair("cache-control", "s-maxage=60"),
        std::pair("cdn-cache-control", "max-age=60")}) {
    EXPECT_EQ(with_cookie(name, value, SetCookie::kRefuse), StoreVerdict::kSetCookie) << value;
    EXPECT_EQ(with_cookie(name, value, SetCookie::kDrop), StoreVerdict::kStore) << value;
    EXPECT_EQ(with_cookie(name, value, SetCookie::kKeep), StoreVerdict::kStore) << value;
  }
  EXPECT_EQ(with_cookie("cache-control", "max-age=60", SetCookie::kKeep), StoreVerdict::kSetCookie);
  EXPECT_EQ(with_cookie("cache-control", "max-age=60", SetCookie::kDrop), StoreVerdict::kStore);
  EXPECT_EQ(with_cookie("cache-control", "private", SetCookie::kDrop), StoreVerdict::kPrivate);
}

TEST(Judge, AuthorizationNeedsLeaveToShare) {
  const Fields request{{"authorization", "secret"}};
  const std::string expires = date(100s);
  EXPECT_EQ(verdict({{"expires", expires}}, 200, request), StoreVerdict::kAuthorization);
  EXPECT_EQ(verdict({{"cache-control", "max-age=60"}}, 200, request), StoreVerdict::kAuthorization);
  for (const std::string_view leave :
       {"max-age=60, public", "max-age=60, must-revalidate", "s-maxage=60"}) {
    EXPECT_EQ(verdict({{"cache-control", leave}}, 200, request), StoreVerdict::kStore) << leave;
  }
}

TEST(Judge, WhatCouldNeverBeUsedIsNotKept) {
  EXPECT_EQ(verdict({}), StoreVerdict::kNoLifetime);
  EXPECT_EQ(verdict({{"cache-control", "max-age=0"}}), StoreVerdict::kNoLifetime);
  EXPECT_EQ(verdict({{"cache-control", "max-age=60, no-cache"}}), StoreVerdict::kNoLifetime);
  EXPECT_EQ(verdict({{"cache-control", "max-age=60"}, {"age", "60"}}), StoreVerdict::kNoLifetime);
  EXPECT_EQ(verdict({{"etag", "W/\"a\""}}), StoreVerdict::kStore);
  EXPECT_EQ(verdict({{"cache-control", "no-cache"}, {"etag", "\"a\""}}), StoreVerdict::kStore);
  EXPECT_EQ(verdict({{"cache-control", "max-age=0, stale-if-error=9"}}), StoreVerdict::kStore);
}

TEST(Judge, EveryVerdictHasAName) {
  EXPECT_EQ(name_of(StoreVerdict::kStore), "store");
  EXPECT_EQ(name_of(StoreVerdict::kNoLifetime), "no_lifetime");
}

// A stored response and when it is asked for.
UseDecision use(std::string_view cache_control, seconds later, const Fields& request = {},
                const CachePolicy& policy = {}, bool soft_purged = false) {
  const auto decision = judged({{"cache-control", cache_control}, {"etag", "\"a\""}}, 200, policy);
  EXPECT_EQ(decision.verdict, StoreVerdict::kStore);
  return use_of(decision.freshness, request, policy, kNow + later, soft_purged);
}

TEST(Use, FreshThenRevalidated) {
  EXPECT_EQ(use("max-age=60", 59s).use, Use::kFresh);
  EXPECT_EQ(use("max-age=60", 60s).use, Use::kRevalidate);
  EXPECT_EQ(use("max-age=60, must-revalidate", 59s).use, Use::kFresh);
  EXPECT_EQ(use("max-age=60, no-cache", 0s).use, Use::kRevalidate);
  EXPECT_FALSE(use("max-age=60, no-cache, stale-if-error=9", 0s).if_error);
}

TEST(Use, StaleWhileRevalidateAndIfErrorHaveTheirWindows) {
  const std::string_view both = "max-age=60, stale-while-revalidate=10, stale-if-error=20";
  EXPECT_EQ(use(both, 70s).use, Use::kStaleOk);
  EXPECT_EQ(use(both, 71s).use, Use::kRevalidate);
  EXPECT_TRUE(use(both, 80s).if_error);
  EXPECT_FALSE(use(both, 81s).if_error);
  EXPECT_FALSE(use("max-age=60", 61s).if_error);
}

TEST(Use, TheSiteSpeaksWhenTheOriginDoesNot) {
  const CachePolicy policy{.stale_while_revalidate = 10s, .stale_if_error = 20s};
  EXPECT_EQ(use("max-age=60", 65s, {}, policy).use, Use::kStaleOk);
  EXPECT_TRUE(use("max-age=60", 75s, {}, policy).if_error);
  EXPECT_EQ(use("max-age=60, stale-while-revalidate=1", 65s, {}, policy).use, Use::kRevalidate);
}

TEST(Use, NothingStaleIsServedLongerThanTheSiteAllows) {
  const CachePolicy policy{.stale_max = 5s};
  EXPECT_TRUE(use("max-age=60, stale-if-error=999", 65s, {}, policy).if_error);
  EXPECT_FALSE(use("max-age=60, stale-if-error=999", 66s, {}, policy).if_error);
  EXPECT_EQ(use("max-age=60", 66s, {{"cache-control", "max-stale"}}, policy).use, Use::kRevalidate);
}

TEST(Use, MustRevalidateForbidsStaleness) {
  const CachePolicy policy{.stale_while_revalidate = 10s, .stale_if_error = 20s};
  for (const std::string_view forbids : {"max-age=60, must-revalidate, stale-if-error=9",
                                         "max-age=60, proxy-revalidate", "s-maxage=60"}) {
    const UseDecision decision = use(forbids, 61s, {{"cache-control", "max-stale"}}, policy);
    EXPECT_EQ(decision.use, Use::kRevalidate) << forbids;
    EXPECT_FALSE(decision.if_error) << forbids;
  }
  // Unless the origin itself says how long, beside s-maxage.
  EXPECT_EQ(use("s-maxage=60, stale-while-revalidate=5", 61s).use, Use::kStaleOk);
}

TEST(Use, AClientMayAskForMore) {
  EXPECT_EQ(use("max-age=60", 1s, {{"cache-control", "no-cache"}}).use, Use::kRevalidate);
  EXPECT_FALSE(use("max-age=60", 1s, {{"cache-control", "no-cache"}}).if_error);
  EXPECT_EQ(use("max-age=60", 1s, {{"pragma", "no-cache"}}).use, Use::kRevalidate);
  EXPECT_EQ(use("max-age=60", 1s, {{"pragma", "no-cache"}, {"cache-control", "x"}}).use,
            Use::kFresh);
  EXPECT_EQ(use("max-age=60", 1s, {{"cache-control", "max-age=0"}}).use, Use::kRevalidate);
  EXPECT_EQ(use("max-age=60", 1s, {{"cache-control", "max-age=1"}}).use, Use::kFresh);
  EXPECT_EQ(use("max-age=60", 30s, {{"cache-control", "min-fresh=30"}}).use, Use::kFresh);
  EXPECT_EQ(use("max-age=60", 31s, {{"cache-control", "min-fresh=30"}}).use, Use::kRevalidate);
  // It may be served yet when the origin fails: it is fresh.
  EXPECT_TRUE(use("max-age=60", 1s, {{"cache-control", "max-age=0"}}).if_error);
}

TEST(Use, AClientMayAskForLess) {
  EXPECT_EQ(use("max-age=60", 70s, {{"cache-control", "max-stale=10"}}).use, Use::kStaleOk);
  EXPECT_EQ(use("max-age=60", 71s, {{"cache-control", "max-stale=10"}}).use, Use::kRevalidate);
  EXPECT_EQ(use("max-age=60", 999s, {{"cache-control", "max-stale"}}).use, Use::kStaleOk);
  EXPECT_TRUE(use("max-age=60", 70s, {{"cache-control", "stale-if-error=10"}}).if_error);
}

TEST(Use, ASiteMayLeaveClientsNoSay) {
  const CachePolicy policy{.respect_request_no_cache = false};
  for (const std::string_view asks : {"no-cache", "max-age=0", "min-fresh=99"}) {
    EXPECT_EQ(use("max-age=60", 1s, {{"cache-control", asks}}, policy).use, Use::kFresh) << asks;
  }
}

// RFC 8246: a reload is no reason to ask, a hard reload is.
TEST(Use, AnImmutableResponseIsNotRevalidatedByAReload) {
  EXPECT_EQ(use("max-age=60, immutable", 1s, {{"cache-control", "max-age=0"}}).use, Use::kFresh);
  EXPECT_EQ(use("max-age=60, immutable", 1s, {{"cache-control", "no-cache"}}).use,
            Use::kRevalidate);
  EXPECT_EQ(use("max-age=60, immutable", 61s, {{"cache-control", "max-age=0"}}).use,
            Use::kRevalidate);
}

TEST(Use, ASoftPurgeMakesStaleAtOnce) {
  EXPECT_EQ(use("max-age=60", 1s, {}, {}, true).use, Use::kRevalidate);
  EXPECT_FALSE(use("max-age=60", 1s, {}, {}, true).if_error);
  EXPECT_EQ(use("max-age=60, stale-while-revalidate=5", 1s, {}, {}, true).use, Use::kStaleOk);
  EXPECT_TRUE(use("max-age=60, stale-if-error=5", 1s, {}, {}, true).if_error);
  EXPECT_EQ(use("max-age=60", 1s, {{"cache-control", "max-stale"}}, {}, true).use,
            Use::kRevalidate);
}

}  // namespace
}  // namespace cache
