// The store over its whole surface, memory only: what is fetched, how often, and what is served.
#include <gtest/gtest.h>

#include "cache/store.h"
#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

class Store_Origin : public StoreFixture {};

// --- Origins that fail or lie ---

TEST_F(Store_Origin, ACutAtAnyOffsetStoresNothingShort) {
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

TEST_F(Store_Origin, AClientOfAnOriginThatKeepsCuttingIsToldSoonAndTheOriginIsLeftInPeace) {
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

TEST_F(Store_Origin, MoreBytesThanAnnouncedAreNotStored) {
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

TEST_F(Store_Origin, APartOfOtherBytesThanAskedSendsTheClientToFetchForItself) {
  StoreClient& client = get_range(kChunk, kChunk + 1);
  origin[0].head(206, {{"etag", "\"v1\""},
                       {"cache-control", "max-age=60"},
                       {"content-range", "bytes 0-65535/1000000"}});
  loop.run();
  EXPECT_EQ(client.end(), End::kFetchYourself);
  EXPECT_TRUE(origin[0].dropped());
}

TEST_F(Store_Origin, APartOfLessThanAChunkSendsTheClientToFetchForItself) {
  StoreClient& client = get_range(0, 1);
  origin[0].head(206, {{"etag", "\"v1\""},
                       {"cache-control", "max-age=60"},
                       {"content-range", "bytes 0-9/1000000"}});
  loop.run();
  EXPECT_EQ(client.end(), End::kFetchYourself);
}

TEST_F(Store_Origin, ASmallerPartServesTheChunksThatItCompletes) {
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

TEST_F(Store_Origin, AnObjectThatChangesMidwayStartsANewVersionAndNobodyGetsAMixture) {
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

TEST_F(Store_Origin, AChunkOfTheOldVersionIsNeverTakenFromAFillOfTheNew) {
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

TEST_F(Store_Origin, APartUnderAnotherEtagIsNotMixedIn) {
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

TEST_F(Store_Origin, AnErrorOnARangeFillReachesItsWaitersAndTheObjectStays) {
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

TEST_F(Store_Origin, AnOriginThatIgnoresRangesFillsTheMissingChunksFromItsWholeAnswer) {
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

TEST_F(Store_Origin, AFullAnswerToAnOpeningRangeFillsTheWhole) {
  Resource video = resource(6 * kChunk);
  video.sends_ranges = false;
  StoreClient& client = get_range(5 * kChunk, 5 * kChunk + 9);
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes.substr(5 * kChunk, 10)));
  EXPECT_TRUE(same(get().bytes(), video.bytes));
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_Origin, A304ThatNobodyAskedForIsAnError) {
  StoreClient& client = get();
  origin[0].head(304, {});
  loop.run();
  EXPECT_EQ(client.end(), End::kError);
}

TEST_F(Store_Origin, ARequestThatNeverGetsAHeadFailsEveryone) {
  StoreClient& leader = get();
  StoreClient& follower = get();
  origin[0].end(base::fail(base::ErrorCode::kTimeout, "first byte", base::Blame::kOrigin));
  loop.run();
  EXPECT_EQ(leader.error().code, base::ErrorCode::kTimeout);
  EXPECT_EQ(follower.error().code, base::ErrorCode::kTimeout);
  EXPECT_EQ(origin.asked(), 1u);
}

}  // namespace
}  // namespace cache
