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

TEST_F(Store_, APrivateBodyWaitsByThePieceWhenTheBuffersAreUsedUp) {
  base::ByteBudget::Share others(&buffers);
  others.hold(buffers.limit().count());
  Resource page = resource(1'000'000);
  page.fields = {{"cache-control", "no-store"}};
  StoreClient& client = get({.stop_after = 1});
  serve(page);
  EXPECT_TRUE(origin[0].paused());
  EXPECT_LE(origin[0].bytes_sent(), 3u * 16'000);
  client.read_on();
  serve(page);
  EXPECT_EQ(client.end(), End::kPrivate);
  EXPECT_TRUE(same(client.bytes(), page.bytes));
  leave(client);
  EXPECT_EQ(buffers.held(), buffers.limit());
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
