// The store over its whole surface, memory only: what is fetched, how often, and what is served.
#include "cache/store.h"

#include <gtest/gtest.h>

#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

class Store_ : public StoreFixture {};

TEST_F(Store_, FetchesOnceAndServesFromMemoryAfterwards) {
  const Resource video = resource(3 * kChunk + 100);
  EXPECT_TRUE(same(fetched(video), video.bytes));
  StoreClient& second = get();
  EXPECT_EQ(second.end(), End::kServed);
  EXPECT_TRUE(same(second.bytes(), video.bytes));
  EXPECT_FALSE(second.asked_origin());
  EXPECT_EQ(origin.asked(), 1u);
  EXPECT_EQ(fills("stored"), 1u);
}

TEST_F(Store_, AThousandClientsMissingOnOneObjectMakeOneRequest) {
  const Resource video = resource(2 * kChunk);
  std::vector<StoreClient*> crowd;
  for (int i = 0; i < 1'000; ++i) crowd.push_back(&get());
  serve(video);
  EXPECT_EQ(origin.asked(), 1u);
  for (const StoreClient* client : crowd) {
    ASSERT_EQ(client->end(), End::kServed);
    ASSERT_TRUE(same(client->bytes(), video.bytes));
  }
}

TEST_F(Store_, BytesFlowToEveryWaiterAsTheyArrive) {
  const Resource video = resource(2 * kChunk);
  StoreClient& first = get();
  StoreClient& second = get();
  origin[0].head_of(video);
  origin[0].some(video, 1'000);
  loop.run();
  EXPECT_EQ(first.bytes().size(), 1'000u);
  EXPECT_EQ(second.bytes().size(), 1'000u);
  StoreClient& late = get();
  EXPECT_EQ(late.bytes().size(), 1'000u);
  serve(video);
  EXPECT_TRUE(same(late.bytes(), video.bytes));
}

TEST_F(Store_, NobodyGetsAByteBeforeTheHeadProvesStorable) {
  StoreClient& first = get();
  StoreClient& second = get();
  EXPECT_FALSE(first.has_head());
  EXPECT_FALSE(second.has_head());
  origin[0].head_of(resource(100));
  loop.run();
  EXPECT_TRUE(second.has_head());
}

TEST_F(Store_, TheFillSurvivesTheLeaderLeaving) {
  const Resource video = resource(3 * kChunk);
  StoreClient& leader = get();
  StoreClient& follower = get();
  origin[0].head_of(video);
  origin[0].some(video, 10);
  loop.run();
  leave(leader);
  serve(video);
  EXPECT_TRUE(same(follower.bytes(), video.bytes));
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_, TheFillSurvivesEveryoneLeavingBeforeTheHead) {
  const Resource video = resource(kChunk);
  leave(get());
  serve(video);
  EXPECT_TRUE(same(get().bytes(), video.bytes));
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_, AnUnwantedFillEndsAtAChunksEndAfterFillFinishMax) {
  options.fill_finish_max = base::Bytes(2 * kChunk);
  const Resource video = resource(10 * kChunk);
  StoreClient& client = get({.stop_after = 1});
  origin[0].head_of(video);
  origin[0].some(video, 1);
  loop.run();
  leave(client);
  serve(video);
  EXPECT_TRUE(origin[0].dropped());
  EXPECT_LE(origin[0].bytes_sent(), 4u * kChunk);
  EXPECT_EQ(fills("partial"), 1u);
  // What was cut is good, and the rest is fetched by range.
  EXPECT_TRUE(same(fetched(video), video.bytes));
  EXPECT_EQ(origin[1].request.range->first, 3u * kChunk);
  EXPECT_EQ(origin[1].request.if_range, "\"v1\"");
}

TEST_F(Store_, AnUnknownObjectAndARangeAskForWholeChunks) {
  const Resource video = resource(10 * kChunk);
  StoreClient& client = get_range(2 * kChunk + 5, 3 * kChunk + 10);
  EXPECT_EQ(origin[0].request.range, (Span{2 * kChunk, 4 * kChunk - 1}));
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes.substr(2 * kChunk + 5, kChunk + 6)));
  EXPECT_EQ(client.object()->length(), video.bytes.size());
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_, NeighbouringMissingChunksComeInOneRequest) {
  const Resource video = resource(10 * kChunk);
  get_range(0, 10);
  serve(video);
  StoreClient& client = get({.range = Span{kChunk, 5 * kChunk - 1}, .read_ahead = 8});
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes.substr(kChunk, 4 * kChunk)));
  EXPECT_EQ(origin.asked(), 2u);
  EXPECT_EQ(origin[1].request.range, (Span{kChunk, 10 * kChunk - 1}));
}

TEST_F(Store_, OneRequestForAChunkHoweverManyWait) {
  const Resource video = resource(4 * kChunk);
  get_range(0, 10);
  serve(video);
  std::vector<StoreClient*> crowd;
  for (int i = 0; i < 100; ++i) crowd.push_back(&get_range(2 * kChunk, 3 * kChunk - 1));
  EXPECT_EQ(origin.asked(), 2u);
  serve(video);
  for (const StoreClient* client : crowd) {
    EXPECT_TRUE(same(client->bytes(), video.bytes.substr(2 * kChunk, kChunk)));
  }
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, ASeekFarAheadOfAFillGetsItsOwnRequest) {
  const Resource video = resource(40 * kChunk);
  get({.stop_after = 1});
  origin[0].head_of(video);
  origin[0].some(video, 10);
  loop.run();
  StoreClient& seeker = get_range(30 * kChunk, 30 * kChunk + 9);
  ASSERT_EQ(origin.asked(), 2u);
  origin[1].serve(video);
  loop.run();
  EXPECT_TRUE(same(seeker.bytes(), video.bytes.substr(30 * kChunk, 10)));
}

TEST_F(Store_, AFillStopsWhereChunksAreThereAlready) {
  const Resource video = resource(8 * kChunk);
  get_range(4 * kChunk, 4 * kChunk + 1);
  serve(video);
  EXPECT_TRUE(same(fetched(video), video.bytes));  // By ranges around what is there.
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < origin.asked(); ++i) sent += origin[i].bytes_sent();
  EXPECT_EQ(sent, video.bytes.size());
}

// --- Private ---

TEST_F(Store_, APrivateResponseGoesToTheLeaderAloneAndTheOthersFetchForThemselves) {
  Resource page = resource(100'000);
  page.fields = {{"cache-control", "private"}};
  StoreClient& leader = get();
  StoreClient& follower = get();
  serve(page);
  EXPECT_EQ(leader.end(), End::kPrivate);
  EXPECT_TRUE(same(leader.bytes(), page.bytes));
  EXPECT_EQ(leader.opened().verdict, StoreVerdict::kPrivate);
  EXPECT_EQ(follower.end(), End::kFetchYourself);
  // And for a while nobody queues any more.
  StoreClient& next = get();
  EXPECT_EQ(next.end(), End::kFetchYourself);
  EXPECT_FALSE(next.asked_origin());
  loop.advance(options.pass_mark_time);
  get();
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, ASlowReaderOfAPrivateBodyPausesTheFetch) {
  options.pipe_max = base::Bytes(64 * 1024);
  Resource page = resource(1'000'000);
  page.fields = {{"cache-control", "no-store"}};
  StoreClient& client = get({.stop_after = 1});
  serve(page);
  EXPECT_TRUE(origin[0].paused());
  EXPECT_LE(origin[0].bytes_sent(), 64u * 1024 + 16'000);
  client.read_on();
  serve(page);
  EXPECT_TRUE(same(client.bytes(), page.bytes));
}

TEST_F(Store_, APrivateFetchEndsWhenItsReaderLeaves) {
  Resource page = resource(1'000'000);
  page.fields = {{"cache-control", "no-store"}};
  StoreClient& client = get({.stop_after = 1});
  serve(page);
  leave(client);
  EXPECT_TRUE(origin[0].dropped());
}

TEST_F(Store_, AnAuthorizedClientsPrivateResponseLeavesNoMarkForOthers) {
  const Resource page = resource(100);
  StoreClient& client = get({.request = {{"authorization", "Basic eDp5"}}});
  serve(page);
  EXPECT_EQ(client.end(), End::kPrivate);
  EXPECT_TRUE(same(fetched(page), page.bytes));
  EXPECT_EQ(get().end(), End::kServed);
}

TEST_F(Store_, ARangeWithoutStrongValidatorIsFetchedByItsClient) {
  const Resource video = resource(10 * kChunk, "W/\"weak\"");
  StoreClient& client = get_range(3 * kChunk, 3 * kChunk + 1);
  serve(video);
  EXPECT_EQ(client.end(), End::kFetchYourself);
  // The next range does not try again; a plain GET may still store it all.
  EXPECT_EQ(get_range(kChunk, kChunk).end(), End::kFetchYourself);
  EXPECT_EQ(origin.asked(), 1u);
  EXPECT_TRUE(same(fetched(video), video.bytes));
  EXPECT_TRUE(same(get_range(kChunk, kChunk).bytes(), video.bytes.substr(kChunk, 1)));
  EXPECT_EQ(origin.asked(), 2u);
}

// --- Origins that fail or lie ---

TEST_F(Store_, ACutAtAnyOffsetStoresNothingShort) {
  const Resource video = resource(2 * kChunk + 500);
  const std::size_t size = video.bytes.size();
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{1}, std::size_t{kChunk - 1}, std::size_t{kChunk},
        std::size_t{kChunk + 1}, std::size_t{2 * kChunk}, size - 1}) {
    for (const bool by_error : {true, false}) {
      const std::string key = "site\n/" + std::to_string(at) + (by_error ? "e" : "s");
      StoreClient& client = get({.key_text = key, .read_ahead = 8});
      const std::size_t before = origin.asked();
      origin.last().head_of(video);
      origin.last().some(video, at);
      by_error ? origin.last().cut() : origin.last().end();
      loop.run();
      // The client asks once more, by range, and gets the rest from an origin that recovered.
      serve(video);
      EXPECT_EQ(client.end(), End::kServed) << at << " " << client.error().context;
      EXPECT_TRUE(same(client.bytes(), video.bytes)) << at;
      EXPECT_EQ(origin.asked(), before + 1) << at;
      EXPECT_TRUE(same(get({.key_text = key}).bytes(), video.bytes)) << at;
    }
  }
}

TEST_F(Store_, AClientOfAnOriginThatKeepsCuttingIsToldSoonAndTheOriginIsLeftInPeace) {
  const Resource video = resource(4 * kChunk);
  StoreClient& client = get();
  for (std::size_t i = 0; i < origin.asked() && i < 20; ++i) {
    origin[i].head_of(video);
    origin[i].cut();
    loop.run();
  }
  EXPECT_EQ(client.end(), End::kError);
  EXPECT_EQ(client.error().blame, base::Blame::kOrigin);
  EXPECT_LE(origin.asked(), 3u);
}

TEST_F(Store_, MoreBytesThanAnnouncedAreNotStored) {
  const Resource video = resource(kChunk + 10);
  get();
  origin[0].head_of(video);
  origin[0].some(video, kChunk + 10);
  origin[0].body("x");
  origin[0].end();
  loop.run();
  EXPECT_EQ(fills("failed"), 1u);
  EXPECT_TRUE(same(fetched(video), video.bytes));
}

TEST_F(Store_, APartOfOtherBytesThanAskedSendsTheClientToFetchForItself) {
  StoreClient& client = get_range(kChunk, kChunk + 1);
  origin[0].head(206, {{"etag", "\"v1\""},
                       {"cache-control", "max-age=60"},
                       {"content-range", "bytes 0-65535/1000000"}});
  loop.run();
  EXPECT_EQ(client.end(), End::kFetchYourself);
  EXPECT_TRUE(origin[0].dropped());
}

TEST_F(Store_, APartOfLessThanAChunkSendsTheClientToFetchForItself) {
  StoreClient& client = get_range(0, 1);
  origin[0].head(206, {{"etag", "\"v1\""},
                       {"cache-control", "max-age=60"},
                       {"content-range", "bytes 0-9/1000000"}});
  loop.run();
  EXPECT_EQ(client.end(), End::kFetchYourself);
}

TEST_F(Store_, ASmallerPartServesTheChunksThatItCompletes) {
  const Resource video = resource(8 * kChunk);
  StoreClient& client = get_range(0, 4 * kChunk - 1);
  base::Fields fields = video.fields;
  fields.set("etag", video.etag);
  const std::uint64_t last = 2 * kChunk + 99;
  fields.set("content-range",
             "bytes 0-" + std::to_string(last) + "/" + std::to_string(video.bytes.size()));
  origin[0].head(206, fields);
  origin[0].body(video.bytes.substr(0, last + 1));
  origin[0].end();
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes.substr(0, 4 * kChunk)));
  EXPECT_EQ(origin[1].request.range->first, 2u * kChunk);
}

TEST_F(Store_, AnObjectThatChangesMidwayStartsANewVersionAndNobodyGetsAMixture) {
  const Resource before = resource(4 * kChunk, "\"v1\"", 1);
  const Resource after = resource(5 * kChunk, "\"v2\"", 2);
  get_range(0, 9);
  serve(before);
  StoreClient& reader = get();
  ASSERT_TRUE(same(reader.bytes(), before.bytes.substr(0, kChunk)));
  serve(after);  // If-Range answers 200 with the new one.
  EXPECT_EQ(reader.end(), End::kError);
  EXPECT_EQ(reader.error().code, base::ErrorCode::kAborted);
  EXPECT_TRUE(same(reader.bytes(), before.bytes.substr(0, kChunk)));
  EXPECT_TRUE(same(get().bytes(), after.bytes));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, AChunkOfTheOldVersionIsNeverTakenFromAFillOfTheNew) {
  const Resource before = resource(8 * kChunk, "\"v1\"", 1);
  Resource after = resource(8 * kChunk, "\"v2\"", 2);
  after.sends_length = false;
  get_range(0, 9);
  serve(before);
  StoreClient& first = get({.range = Span{kChunk, 3 * kChunk}});
  const base::Ref<const Object> old = first.object();
  origin[1].head_of(after);
  origin[1].some(after, 10);
  // One who holds the old object wants more of it while the new one flows.
  std::optional<base::Result<ChunkOpened>> answer;
  const auto pending = store().chunk({.object = old, .index = 2, .length = 1, .policy = policy},
                                     loop, [&](auto opened) { answer = std::move(opened); });
  loop.run();
  origin[1].rest(after);
  loop.run();
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->has_value());
  EXPECT_TRUE(same(get().bytes(), after.bytes));
}

TEST_F(Store_, APartUnderAnotherEtagIsNotMixedIn) {
  const Resource video = resource(4 * kChunk);
  get_range(0, 9);
  serve(video);
  StoreClient& client = get_range(kChunk, kChunk + 9);
  Resource lying = resource(4 * kChunk, "\"v2\"", 2);
  origin[1].head(206, {{"etag", "\"v2\""},
                       {"cache-control", "max-age=60"},
                       {"content-range", "bytes 65536-131071/262144"}});
  loop.run();
  EXPECT_EQ(client.end(), End::kError);
  // The old object is gone: the next client starts clean.
  EXPECT_TRUE(same(fetched(lying), lying.bytes));
}

TEST_F(Store_, AnErrorOnARangeFillReachesItsWaitersAndTheObjectStays) {
  const Resource video = resource(4 * kChunk);
  get_range(0, 9);
  serve(video);
  StoreClient& client = get_range(kChunk, kChunk + 9);
  origin[1].head(503, {});
  loop.run();
  EXPECT_EQ(client.end(), End::kError);
  EXPECT_EQ(client.error().blame, base::Blame::kOrigin);
  EXPECT_EQ(get_range(0, 9).end(), End::kServed);
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, AnOriginThatIgnoresRangesFillsTheMissingChunksFromItsWholeAnswer) {
  Resource video = resource(6 * kChunk);
  get();
  origin[0].head_of(video);
  origin[0].some(video, kChunk + 1);
  origin[0].cut();
  video.sends_ranges = false;
  loop.run();
  serve(video);
  StoreClient& late = get_range(5 * kChunk, 5 * kChunk + 9);
  serve(video);
  EXPECT_TRUE(same(late.bytes(), video.bytes.substr(5 * kChunk, 10)));
  EXPECT_TRUE(same(get().bytes(), video.bytes));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, AFullAnswerToAnOpeningRangeFillsTheWhole) {
  Resource video = resource(6 * kChunk);
  video.sends_ranges = false;
  StoreClient& client = get_range(5 * kChunk, 5 * kChunk + 9);
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes.substr(5 * kChunk, 10)));
  EXPECT_TRUE(same(get().bytes(), video.bytes));
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_, A304ThatNobodyAskedForIsAnError) {
  StoreClient& client = get();
  origin[0].head(304, {});
  loop.run();
  EXPECT_EQ(client.end(), End::kError);
}

TEST_F(Store_, ARequestThatNeverGetsAHeadFailsEveryone) {
  StoreClient& leader = get();
  StoreClient& follower = get();
  origin[0].end(base::fail(base::ErrorCode::kTimeout, "first byte", base::Blame::kOrigin));
  loop.run();
  EXPECT_EQ(leader.error().code, base::ErrorCode::kTimeout);
  EXPECT_EQ(follower.error().code, base::ErrorCode::kTimeout);
  EXPECT_EQ(origin.asked(), 1u);
}

// --- Bodies that must be complete ---

TEST_F(Store_, ABodyOfUnknownLengthIsStoredOnceItHasEnded) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{kChunk},
                                 std::size_t{2 * kChunk}, std::size_t{2 * kChunk + 7}}) {
    Resource page = resource(size);
    page.sends_length = false;
    const std::string key = "site\n/" + std::to_string(size);
    const std::size_t before = origin.asked();
    StoreClient& second = get({.key_text = key});
    EXPECT_TRUE(same(fetched(page, {.key_text = key}), page.bytes));
    EXPECT_TRUE(same(second.bytes(), page.bytes));
    StoreClient& hit = get({.key_text = key});
    EXPECT_TRUE(same(hit.bytes(), page.bytes));
    EXPECT_EQ(hit.object()->length(), size);
    EXPECT_EQ(origin.asked(), before + 1);
  }
}

TEST_F(Store_, ACutBodyWithoutValidatorLeavesNothingBehind) {
  const Resource page = resource(3 * kChunk, "");
  StoreClient& client = get();
  origin[0].head_of(page);
  origin[0].some(page, 2 * kChunk + 5);
  origin[0].cut();
  loop.run();
  EXPECT_EQ(client.end(), End::kError);
  EXPECT_TRUE(same(fetched(page), page.bytes));
  EXPECT_EQ(origin.asked(), 2u);
  EXPECT_FALSE(origin[1].request.range.has_value());
}

TEST_F(Store_, ABodyWithoutValidatorThatIsTooLargeIsPassedOn) {
  options.unvalidated_max = base::Bytes(2 * kChunk);
  const Resource page = resource(2 * kChunk + 1, "");
  StoreClient& client = get();
  serve(page);
  EXPECT_EQ(client.end(), End::kPrivate);
  EXPECT_TRUE(same(client.bytes(), page.bytes));
}

TEST_F(Store_, ABodyOfUnknownLengthThatProvesTooLargeStillReachesItsReader) {
  options.unvalidated_max = base::Bytes(2 * kChunk);
  Resource page = resource(20 * kChunk + 3, "");
  page.sends_length = false;
  StoreClient& client = get();
  for (int i = 0; i < 1'000 && !client.done(); ++i) {
    serve(page);
    loop.advance(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(client.end(), End::kServed);
  EXPECT_TRUE(same(client.bytes(), page.bytes));
  get();
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, ATooLargeBodyOfUnknownLengthEndsWithItsLastReader) {
  options.unvalidated_max = base::Bytes(2 * kChunk);
  Resource page = resource(20 * kChunk + 3, "");
  page.sends_length = false;
  StoreClient& client = get({.stop_after = 1});
  serve(page);
  EXPECT_TRUE(origin[0].live());
  EXPECT_LE(origin[0].bytes_sent(), 5u * kChunk);
  leave(client);
  for (int i = 0; i < 10; ++i) {
    loop.advance(std::chrono::milliseconds(20));
    serve(page);
  }
  EXPECT_TRUE(origin[0].dropped());
  EXPECT_LE(origin[0].bytes_sent(), 6u * kChunk);
}

// --- Revalidation ---

TEST_F(Store_, A304RenewsTheObjectAndCostsNoBody) {
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

TEST_F(Store_, A200ToARevalidationIsANewVersion) {
  fetched(resource(2 * kChunk, "\"v1\"", 1));
  loop.advance(std::chrono::seconds(61));
  const Resource after = resource(3 * kChunk, "\"v2\"", 2);
  EXPECT_TRUE(same(fetched(after), after.bytes));
  EXPECT_TRUE(same(get().bytes(), after.bytes));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_, AnOriginInTroubleTellsTheFirstAndFailsTheOthersAndTheStaleObjectStays) {
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

TEST_F(Store_, ABackgroundRevalidationRunsOnceAndPullsNoBody) {
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

TEST_F(Store_, A304ForSomethingElseIsAskedAgainWithoutCondition) {
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

TEST_F(Store_, ANegativeAnswerIsCachedBriefly) {
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

TEST_F(Store_, AHardPurgeHidesTheObjectAtOnce) {
  const Resource video = resource(1'000);
  fetched(video);
  purge(PurgeKind::kUrl, "site\n/video.mp4");
  StoreClient& client = get();
  EXPECT_TRUE(client.asked_origin());
  EXPECT_TRUE(origin[1].request.if_none_match.empty());
  serve(video);
  EXPECT_EQ(client.end(), End::kServed);
}

TEST_F(Store_, ASoftPurgeMakesItStale) {
  const Resource video = resource(1'000);
  fetched(video);
  purge(PurgeKind::kUrl, "site\n/video.mp4", true);
  get();
  EXPECT_EQ(origin[1].request.if_none_match, "\"v1\"");
  serve(video);
  EXPECT_FALSE(get().asked_origin());
}

TEST_F(Store_, AFillUnderWayCantBringBackWhatAPurgeTook) {
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

TEST_F(Store_, ACallerAfterThePurgeDoesNotJoinAFillFromBeforeIt) {
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

TEST_F(Store_, APurgeByKeyTakesAllThatCarryIt) {
  Resource tagged = resource(100);
  tagged.fields.add("surrogate-key", "film-7 all");
  fetched(tagged, {.key_text = "site\n/1"});
  fetched(resource(100), {.key_text = "site\n/2"});
  purge(PurgeKind::kTag, "site\nfilm-7");
  EXPECT_TRUE(get({.key_text = "site\n/1"}).asked_origin());
  EXPECT_FALSE(get({.key_text = "site\n/2"}).asked_origin());
}

// --- Limits ---

TEST_F(Store_, TheCrowdBeyondItsLimitIsRefused) {
  options.followers_max = 3;
  for (int i = 0; i < 3; ++i) get();
  StoreClient& fourth = get();
  EXPECT_EQ(fourth.error().code, base::ErrorCode::kOverloaded);
}

TEST_F(Store_, FillsBeyondTheirLimitAreRefused) {
  options.fills_max = 2;
  get({.key_text = "site\n/1"});
  get({.key_text = "site\n/2"});
  EXPECT_EQ(get({.key_text = "site\n/3"}).error().code, base::ErrorCode::kOverloaded);
  EXPECT_FALSE(get({.key_text = "site\n/1"}).done());  // Joining is no new fill.
}

TEST_F(Store_, TooLittleMemoryIsSaidPlainly) {
  options.memory_max = base::Bytes(2u << 20);
  StoreContext context{.clock = loop.clock(),
                       .metrics = metrics,
                       .versions = versions,
                       .fill_threads = {{loop, origin}}};
  const auto opened = Store::open(options, context);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, base::ErrorCode::kInvalid);
}

// Growing chunks are never evicted: enough of them take all the memory there is.
class Store_WithoutMemory : public StoreFixture {
 protected:
  Store_WithoutMemory() {
    options.memory_max = base::Bytes(12u << 20);
    store();
    while (store().stats().arena_used < store().stats().arena_capacity) {
      const std::string key = "site\n/hog" + std::to_string(hogs_++);
      get({.key_text = key, .range = Span{0, kChunk - 1}});
      origin.last().head_of(hog_);
      origin.last().some(hog_, 1);
      loop.run();
    }
  }
  void free_one() { origin[0].cut(); }

  StoreClient& starve() {
    StoreClient& client = get({.key_text = "site\n/small"});
    small_ = origin.asked() - 1;
    origin[small_].serve(small);
    loop.run();
    return client;
  }
  void go_on() {
    loop.advance(std::chrono::milliseconds(100));
    origin[small_].rest(small);
    loop.run();
  }

  const Resource small = resource(kChunk, "\"s\"", 4);

 private:
  const Resource hog_ = resource(10 * kChunk);
  int hogs_ = 0;
  std::size_t small_ = 0;
};

TEST_F(Store_WithoutMemory, AFillWaitsForSome) {
  StoreClient& client = starve();
  go_on();
  EXPECT_FALSE(client.done());
  EXPECT_TRUE(origin.last().paused());
  free_one();
  loop.run();
  go_on();
  EXPECT_TRUE(same(client.bytes(), small.bytes));
}

TEST_F(Store_WithoutMemory, AFillThatWaitsTooLongFails) {
  starve();
  EXPECT_EQ(fills("failed"), 0u);
  loop.advance(std::chrono::seconds(10));
  EXPECT_EQ(fills("failed"), 1u);
}

TEST_F(Store_, AClosedStoreAnswersErrors) {
  StoreClient& waiting = get();
  store().close();
  loop.run();
  EXPECT_EQ(waiting.error().code, base::ErrorCode::kAborted);
  EXPECT_EQ(get().error().code, base::ErrorCode::kAborted);
}

TEST_F(Store_, AnEmptyBodyIsStoredToo) {
  const Resource empty = resource(0);
  EXPECT_TRUE(same(fetched(empty), ""));
  StoreClient& again = get();
  EXPECT_EQ(again.end(), End::kServed);
  EXPECT_FALSE(again.asked_origin());
}

}  // namespace
}  // namespace cache
