// The store over its whole surface, memory only: what is fetched, how often, and what is served.
#include <gtest/gtest.h>

#include "cache/store.h"
#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

class Store_Renewal : public StoreFixture {};

// --- Revalidation ---

TEST_F(Store_Renewal, A304RenewsTheObjectAndCostsNoBody) {
  const Resource video = resource(2 * kChunk);
  fetched(video);
  loop.advance(std::chrono::seconds(61));
  StoreClient& client = get();
  EXPECT_EQ(origin[1].request.if_none_match, "\"v1\"");
  StoreClient& follower = get();
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes));
  EXPECT_TRUE(client.opened().revalidated);
  EXPECT_TRUE(follower.opened().collapsed);
  EXPECT_FALSE(get().asked_origin());
  EXPECT_EQ(origin.asked(), 2u);
  EXPECT_EQ(fills("revalidated"), 1u);
}

TEST_F(Store_Renewal, A200ToARevalidationIsANewVersion) {
  fetched(resource(2 * kChunk, "\"v1\"", 1));
  loop.advance(std::chrono::seconds(61));
  const Resource after = resource(3 * kChunk, "\"v2\"", 2);
  EXPECT_TRUE(same(fetched(after), after.bytes));
  EXPECT_TRUE(same(get().bytes(), after.bytes));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_Renewal, AnOriginInTroubleTellsTheFirstAndFailsTheOthersAndTheStaleObjectStays) {
  Resource video = resource(1'000);
  video.fields = {{"cache-control", "max-age=60, stale-if-error=1000"}};
  fetched(video);
  loop.advance(std::chrono::seconds(61));
  StoreClient& first = get();
  StoreClient& second = get();
  origin[1].head(503, {{"content-length", "4"}});
  origin[1].body("oops");
  origin[1].end();
  loop.run();
  EXPECT_EQ(first.end(), End::kPrivate);
  EXPECT_EQ(first.opened().status, 503);
  EXPECT_EQ(second.end(), End::kServed);  // By stale-if-error.
  EXPECT_TRUE(same(second.bytes(), video.bytes));
  serve(video);
  EXPECT_TRUE(same(fetched(video), video.bytes));
  EXPECT_EQ(origin[2].request.if_none_match, "\"v1\"");
}

TEST_F(Store_Renewal, ABackgroundRevalidationRunsOnceAndPullsNoBody) {
  Resource video = resource(2 * kChunk);
  video.fields = {{"cache-control", "max-age=60, stale-while-revalidate=1000"}};
  fetched(video);
  loop.advance(std::chrono::seconds(61));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(same(get().bytes(), video.bytes));
  EXPECT_EQ(origin.asked(), 2u);
  serve(video);
  EXPECT_EQ(origin[1].bytes_sent(), 0u);
  EXPECT_EQ(get().end(), End::kServed);
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_Renewal, A304ForSomethingElseIsAskedAgainWithoutCondition) {
  const Resource video = resource(1'000);
  fetched(video);
  loop.advance(std::chrono::seconds(61));
  StoreClient& client = get();
  origin[1].head(304, {{"etag", "\"other\""}});
  serve(resource(500, "\"other\"", 3));
  EXPECT_TRUE(same(client.bytes(), body_of(500, 3)));
  EXPECT_TRUE(origin[2].request.if_none_match.empty());
  EXPECT_EQ(origin.asked(), 3u);
}

TEST_F(Store_Renewal, ANegativeAnswerIsCachedBriefly) {
  Resource missing = resource(20, "");
  missing.status = 404;
  missing.fields = {};
  EXPECT_TRUE(same(fetched(missing), missing.bytes));
  StoreClient& again = get();
  EXPECT_EQ(again.object()->head().status, 404);
  EXPECT_EQ(origin.asked(), 1u);
  loop.advance(std::chrono::seconds(6));
  get();
  EXPECT_EQ(origin.asked(), 2u);
}

// --- Vary ---

class Store_Vary : public StoreFixture {
 protected:
  StoreClient::Get in(const std::string& language) {
    return {.request = {{"accept-language", language}}};
  }
  Resource page(const std::string& language) {
    Resource resource{.bytes = "page in " + language, .etag = "\"" + language + "\""};
    resource.fields.add("vary", "Accept-Language");
    return resource;
  }
};

TEST_F(Store_Vary, EachVariantIsFetchedOnceAndServedToItsOwn) {
  EXPECT_TRUE(same(fetched(page("en"), in("en")), "page in en"));
  EXPECT_TRUE(same(fetched(page("de"), in("de")), "page in de"));
  EXPECT_TRUE(same(get(in("en")).bytes(), "page in en"));
  EXPECT_TRUE(same(get(in("de")).bytes(), "page in de"));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_Vary, AFollowerOfAnotherVariantAsksAgainUnderHisOwn) {
  StoreClient& english = get(in("en"));
  StoreClient& german = get(in("de"));
  StoreClient& also_english = get(in("en"));
  origin[0].serve(page("en"));
  loop.run();
  EXPECT_TRUE(same(english.bytes(), "page in en"));
  EXPECT_TRUE(same(also_english.bytes(), "page in en"));
  ASSERT_EQ(origin.asked(), 2u);
  origin[1].serve(page("de"));
  loop.run();
  EXPECT_TRUE(same(german.bytes(), "page in de"));
}

TEST_F(Store_Vary, AnOriginThatVariesOnSomethingNewEachTimeEndsInPassing) {
  // Each follower restarts a bounded number of times, whatever the origin does.
  std::vector<StoreClient*> crowd;
  for (int i = 0; i < 10; ++i) {
    crowd.push_back(&get({.request = {{"a", std::to_string(i)}, {"b", std::to_string(i)}}}));
  }
  for (std::size_t i = 0; i < origin.asked() && i < 100; ++i) {
    origin[i].head(200, {{"cache-control", "max-age=60"},
                         {"vary", i % 2 == 0 ? "a" : "b"},
                         {"content-length", "0"}});
    origin[i].end();
    loop.run();
  }
  for (const StoreClient* client : crowd) EXPECT_TRUE(client->done());
  EXPECT_LE(origin.asked(), 30u);
}

TEST_F(Store_Vary, APurgeByUrlTakesAllVariants) {
  fetched(page("en"), in("en"));
  fetched(page("de"), in("de"));
  purge(PurgeKind::kUrl, "site\n/video.mp4");
  EXPECT_TRUE(get(in("en")).asked_origin());
  EXPECT_TRUE(get(in("de")).asked_origin());
}

// --- Purge ---

TEST_F(Store_Renewal, AHardPurgeHidesTheObjectAtOnce) {
  const Resource video = resource(1'000);
  fetched(video);
  purge(PurgeKind::kUrl, "site\n/video.mp4");
  StoreClient& client = get();
  EXPECT_TRUE(client.asked_origin());
  EXPECT_TRUE(origin[1].request.if_none_match.empty());
  serve(video);
  EXPECT_EQ(client.end(), End::kServed);
}

TEST_F(Store_Renewal, ASoftPurgeMakesItStale) {
  const Resource video = resource(1'000);
  fetched(video);
  purge(PurgeKind::kUrl, "site\n/video.mp4", true);
  get();
  EXPECT_EQ(origin[1].request.if_none_match, "\"v1\"");
  serve(video);
  EXPECT_FALSE(get().asked_origin());
}

TEST_F(Store_Renewal, AFillUnderWayCantBringBackWhatAPurgeTook) {
  const Resource before = resource(2 * kChunk, "\"v1\"", 1);
  const Resource after = resource(2 * kChunk, "\"v2\"", 2);
  for (const bool head_came_first : {false, true}) {
    const std::string key = head_came_first ? "site\n/a" : "site\n/b";
    StoreClient& early = get({.key_text = key});
    ScriptedOrigin::Exchange& exchange = origin.last();
    if (head_came_first) exchange.head_of(before);
    loop.run();
    purge(PurgeKind::kUrl, key);
    if (!head_came_first) exchange.head_of(before);
    exchange.rest(before);
    loop.run();
    EXPECT_TRUE(same(early.bytes(), before.bytes));  // He asked before the purge.
    StoreClient& late = get({.key_text = key});
    EXPECT_TRUE(late.asked_origin());
    serve(after);
    EXPECT_TRUE(same(late.bytes(), after.bytes));
  }
}

TEST_F(Store_Renewal, ACallerAfterThePurgeDoesNotJoinAFillFromBeforeIt) {
  get();
  purge(PurgeKind::kUrl, "site\n/video.mp4");
  StoreClient& late = get();
  ASSERT_EQ(origin.asked(), 2u);
  origin[0].serve(resource(100, "\"v1\"", 1));
  origin[1].serve(resource(100, "\"v2\"", 2));
  loop.run();
  EXPECT_TRUE(same(late.bytes(), body_of(100, 2)));
  EXPECT_TRUE(same(get().bytes(), body_of(100, 2)));
}

TEST_F(Store_Renewal, APurgeByKeyTakesAllThatCarryIt) {
  Resource tagged = resource(100);
  tagged.fields.add("surrogate-key", "film-7 all");
  fetched(tagged, {.key_text = "site\n/1"});
  fetched(resource(100), {.key_text = "site\n/2"});
  purge(PurgeKind::kTag, "site\nfilm-7");
  EXPECT_TRUE(get({.key_text = "site\n/1"}).asked_origin());
  EXPECT_FALSE(get({.key_text = "site\n/2"}).asked_origin());
}

}  // namespace
}  // namespace cache
