// The store and bodies that are valid only whole, for want of a strong validator or a length.
#include <gtest/gtest.h>

#include <vector>

#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

class Store_Whole : public StoreFixture {};

TEST_F(Store_Whole, ABodyOfUnknownLengthIsStoredOnceItHasEnded) {
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

TEST_F(Store_Whole, ACutBodyWithoutValidatorLeavesNothingBehind) {
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

TEST_F(Store_Whole, ABodyThatEndsWithItsConnectionIsPassedOnSinceItMayBeCut) {
  Resource page = resource(5'000);
  page.sends_length = page.is_framed = false;
  StoreClient& client = get();
  serve(page);
  EXPECT_EQ(client.end(), End::kPrivate);
  EXPECT_TRUE(same(client.bytes(), page.bytes));
  EXPECT_EQ(get().end(), End::kFetchYourself);
}

TEST_F(Store_Whole, ABodyWithoutValidatorThatIsTooLargeIsPassedOn) {
  options.unvalidated_max = base::Bytes(2 * kChunk);
  const Resource page = resource(2 * kChunk + 1, "");
  StoreClient& client = get();
  serve(page);
  EXPECT_EQ(client.end(), End::kPrivate);
  EXPECT_TRUE(same(client.bytes(), page.bytes));
}

TEST_F(Store_Whole, BodiesWithoutValidatorTogetherHoldHalfOfTheMemoryAtMost) {
  options.memory_max = base::Bytes(16u << 20);
  options.unvalidated_max = options.memory_max;
  const std::uint64_t capacity = store().stats().arena_capacity.count();
  const Resource page = resource(capacity / 4 - kChunk, "");
  std::vector<StoreClient*> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(&get({.key_text = "site\n/" + std::to_string(i)}));
    origin.last().head_of(page);
    loop.run();
    origin.last().some(page, page.bytes.size() - 1);
    loop.run();
  }
  serve(page);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(same(clients[i]->bytes(), page.bytes)) << i;
    const std::size_t asked = origin.asked();
    get({.key_text = "site\n/" + std::to_string(i)});
    EXPECT_EQ(origin.asked() > asked, i == 2) << i;
    serve(page);
  }
}

TEST_F(Store_Whole, ABodyThatFindsNoRoomBesideTheOthersIsPassedOnAndLeavesNoMark) {
  options.memory_max = base::Bytes(16u << 20);
  options.unvalidated_max = options.memory_max;
  const std::uint64_t half = store().stats().arena_capacity.count() / 2;
  const Resource large = resource(half / 2, "");
  const Resource tiny = resource(1, "");
  for (int i = 0; i < 2; ++i) {  // Just half of the memory.
    get({.key_text = "site\n/" + std::to_string(i)});
    origin.last().head_of(large);
  }
  StoreClient& leader = get({.key_text = "site\n/tiny"});
  StoreClient& follower = get({.key_text = "site\n/tiny"});
  origin.last().serve(tiny);
  loop.run();
  EXPECT_EQ(leader.end(), End::kPrivate);
  EXPECT_TRUE(same(leader.bytes(), tiny.bytes));
  EXPECT_EQ(follower.end(), End::kFetchYourself);
  origin[0].cut();
  get({.key_text = "site\n/tiny"});
  origin.last().serve(tiny);
  loop.run();
  EXPECT_EQ(get({.key_text = "site\n/tiny"}).end(), End::kServed);
}

TEST_F(Store_Whole, ABodyGivenUpForStoringKeepsWhatItsReaderHasNotComeTo) {
  options.memory_max = base::Bytes(8u << 20);
  Resource page = resource(6u << 20, "");
  page.sends_length = false;
  StoreClient& slow = get({.stop_after = 1});
  origin.last().head_of(page);
  loop.run();
  origin.last().some(page, page.bytes.size());
  // Others use up the memory meanwhile.
  for (int i = 0; i < 16; ++i) {
    const std::string other = "site\n/other" + std::to_string(i);
    get({.key_text = other});
    Resource film = resource(1u << 20, "\"e\"");
    origin.last().serve(film);
    loop.run();
  }
  slow.read_on();
  for (int i = 0; i < 1'000 && !slow.done(); ++i) {
    serve(page);
    loop.advance(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(slow.end(), End::kServed) << slow.error().context;
  EXPECT_TRUE(same(slow.bytes(), page.bytes));
}

TEST_F(Store_Whole, ABodyThatCameFasterThanItIsReadStaysForItsReader) {
  options.memory_max = base::Bytes(16u << 20);
  options.unvalidated_max = options.memory_max;
  const std::uint64_t capacity = store().stats().arena_capacity.count();
  const Resource page = resource(capacity / 4, "");
  const auto crowd = [&] {
    for (int i = 0; i < 20; ++i) {
      get({.key_text = "site\n/film" + std::to_string(i)});
      origin.last().serve(resource(1u << 20, "\"e\""));
      loop.run();
    }
  };
  StoreClient& slow = get({.stop_after = 1});
  serve(page);
  crowd();
  loop.advance(std::chrono::seconds(5));
  slow.read_on();
  loop.run();
  EXPECT_EQ(slow.end(), End::kServed) << slow.error().context;
  EXPECT_TRUE(same(slow.bytes(), page.bytes));
  // Nobody reads it any more: others may have its place.
  leave(slow);
  crowd();
  loop.advance(std::chrono::milliseconds(100));
  for (int i = 0; i < 2; ++i) get({.key_text = "site\n/" + std::to_string(i)});
  for (int i = 0; i < 2; ++i) {
    origin[origin.asked() - 2 + i].head_of(page);
    loop.run();
  }
  serve(page);
  EXPECT_EQ(get({.key_text = "site\n/1"}).end(), End::kServed);
}

TEST_F(Store_Whole, ABodyOfUnknownLengthThatProvesTooLargeStillReachesItsReader) {
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

TEST_F(Store_Whole, ATooLargeBodyOfUnknownLengthEndsWithItsLastReader) {
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

}  // namespace
}  // namespace cache
