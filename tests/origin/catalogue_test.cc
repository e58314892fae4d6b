#include "origin/videos/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "origin/media_access.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;

class CatalogueTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!TestDatabase::has(GetParam())) GTEST_SKIP() << "no PostgreSQL server on this machine";
    database_ = test_.make(GetParam());
    catalogue_ = std::make_unique<Catalogue>(*database_, clock_);
  }
  // Of owner 1, with these chunks.
  std::string create(const std::vector<ChunkRef>& chunks = {{"a", 10}}) {
    return *database_->write([&](soci::session& sql) -> base::Result<std::string> {
      return Catalogue::create_in(sql, {.owner = 1, .container = "mov", .chunks = chunks}, ++now_);
    });
  }

  void run(const std::string& statement) {
    ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      sql << statement;
      return {};
    }));
  }
  // `owner` has sent "a" and "b".
  void claim(std::int64_t owner) {
    for (const char* hash : {"a", "b"}) {
      run("INSERT INTO claims (owner, hash, size, created, expires) VALUES (" +
          std::to_string(owner) + ", '" + hash + "', 10, 0, 0)");
    }
  }
  base::Result<Catalogue::Created> create_once(const std::vector<ChunkRef>& chunks,
                                               std::int64_t owner = 1) {
    return catalogue_->create_once({.owner = owner, .container = "mov", .chunks = chunks});
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Catalogue> catalogue_;
  std::int64_t now_ = 0;
};

TEST_P(CatalogueTest, OfARemovedVideoNothingIsServedFromThenOn) {
  const std::string video = create();
  const MediaAccess access({}, {}, [&](std::string_view id) { return catalogue_->access_of(id); });
  http::RequestHead head;
  head.target = "/media/" + video + "/master.m3u8";
  EXPECT_TRUE(access.grant(head, "192.0.2.7", {}));
  EXPECT_EQ(catalogue_->remove(video, 2).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(access.grant(head, "192.0.2.7", {})) << "it was another's to remove";
  ASSERT_TRUE(catalogue_->remove(video, 1));
  const auto late = access.grant(head, "192.0.2.7", {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotFound);
}

TEST_P(CatalogueTest, ANameThatIsNoTextIsNoVideos) {
  const auto access = catalogue_->access_of("\xff");
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code, ErrorCode::kNotFound);
}

TEST_P(CatalogueTest, ARangeOfASourceIsInTheChunksThatHaveAPartOfIt) {
  constexpr std::uint64_t kMax = ChunkStore::kChunkMax.count();
  const std::string video = create({{"a", kMax}, {"b", 5}, {"c", kMax}, {"d", 1}});
  create({{"another's", kMax}});
  const auto hashes = [&](std::uint64_t begin, std::uint64_t end) {
    std::string all;
    const auto chunks = catalogue_->source(video, begin, end);
    for (const auto& chunk : *chunks) all += chunk.hash;
    return all;
  };
  const std::uint64_t size = 2 * kMax + 6;
  EXPECT_EQ(*catalogue_->source_size(video), size);
  EXPECT_EQ(hashes(0, size), "abcd");
  EXPECT_EQ(hashes(0, 1), "a");
  EXPECT_EQ(hashes(kMax - 1, kMax), "a");
  EXPECT_EQ(hashes(kMax - 1, kMax + 1), "ab");
  EXPECT_EQ(hashes(kMax, kMax + 5), "b");
  EXPECT_EQ(hashes(kMax + 4, size - 1), "bc");
  EXPECT_EQ(hashes(size - 2, size - 1), "c");
  EXPECT_EQ(hashes(size - 1, size), "d");
  EXPECT_EQ(hashes(size, size + 9), "");
  EXPECT_EQ(catalogue_->source(video, kMax, kMax + 5)->front().first, kMax);
  EXPECT_EQ(catalogue_->source_size("none").error().code, ErrorCode::kNotFound);
}

TEST_P(CatalogueTest, PagesGoFromNewToOldAndMissNone) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(create());
  std::vector<std::string> shown;
  std::string next;
  int pages = 0;
  do {
    const auto page = catalogue_->list(1, next, 2);
    ASSERT_TRUE(page);
    for (const VideoView& video : page->videos) {
      shown.push_back(video.id);
      EXPECT_EQ(video.state, VideoState::kWaiting);
    }
    next = page->next;
    ++pages;
  } while (!next.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(shown, std::vector<std::string>(made.rbegin(), made.rend()));
  EXPECT_TRUE(catalogue_->list(2, "", 2)->videos.empty());
  EXPECT_EQ(catalogue_->list(1, "no cursor", 2).error().code, ErrorCode::kInvalid);
}

TEST_P(CatalogueTest, AFileIsOneVideoWhenItIsToBeOnce) {
  claim(1);
  const std::vector<ChunkRef> file{{"a", 10}, {"b", 10}};
  EXPECT_EQ(catalogue_->made_of(1, file), "");
  const auto first = create_once(file);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_new);
  const auto again = create_once(file);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(catalogue_->made_of(1, file), first->id);
  EXPECT_EQ(catalogue_->list(1, "", 9)->videos.size(), 1);
}

TEST_P(CatalogueTest, WhoWantsAnotherVideoOfAFileHasItAndOnceMeansTheLatestThen) {
  claim(1);
  clock_.advance(std::chrono::seconds(1));
  const std::string first = create_once({{"a", 10}})->id;
  clock_.advance(std::chrono::seconds(1));
  const auto second = catalogue_->create({.owner = 1, .container = "mov", .chunks = {{"a", 10}}});
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->is_new);
  EXPECT_NE(second->id, first);
  EXPECT_EQ(create_once({{"a", 10}})->id, second->id);
}

TEST_P(CatalogueTest, WhateverWayAFileCameItIsTheSame) {
  claim(1);
  const std::string by_tus = create({{"a", 10}, {"b", 10}});
  EXPECT_EQ(create_once({{"a", 10}, {"b", 10}})->id, by_tus);
}

TEST_P(CatalogueTest, OtherChunksAnotherOrderAndAnotherOwnersAreOtherFiles) {
  claim(1);
  claim(2);
  const std::string first = create_once({{"a", 10}, {"b", 10}})->id;
  EXPECT_TRUE(create_once({{"b", 10}, {"a", 10}})->is_new);
  EXPECT_TRUE(create_once({{"a", 10}})->is_new);
  EXPECT_TRUE(create_once({{"a", 10}, {"b", 10}, {"b", 10}})->is_new);
  EXPECT_EQ(catalogue_->made_of(2, {{"a", 10}, {"b", 10}}), "");
  EXPECT_TRUE(create_once({{"a", 10}, {"b", 10}}, 2)->is_new);
  EXPECT_EQ(create_once({{"a", 10}, {"b", 10}})->id, first);
}

TEST_P(CatalogueTest, AVideoThatFailedOrIsGoneIsMadeAgain) {
  claim(1);
  const std::string failed = create_once({{"a", 10}})->id;
  run("UPDATE videos SET failure = 'It is no film.' WHERE id = '" + failed + "'");
  const auto second = create_once({{"a", 10}});
  EXPECT_TRUE(second->is_new);
  EXPECT_NE(second->id, failed);
  ASSERT_TRUE(catalogue_->remove(second->id, 1));
  EXPECT_TRUE(create_once({{"a", 10}})->is_new);
}

TEST_P(CatalogueTest, AVideoOfBeforeContentsWereKeptIsNotFoundByIt) {
  claim(1);
  const std::string old = create_once({{"a", 10}})->id;
  run("UPDATE videos SET content = ''");
  EXPECT_EQ(catalogue_->made_of(1, {{"a", 10}}), "");
  EXPECT_EQ(catalogue_->made_of(1, {}), "");
  EXPECT_NE(create_once({{"a", 10}})->id, old);
}

TEST_P(CatalogueTest, AVideoIsFoundThoughItsChunksWereLetGo) {
  claim(1);
  const std::string video = create_once({{"a", 10}})->id;
  run("DELETE FROM claims");
  run("DELETE FROM source_chunks");
  EXPECT_EQ(create_once({{"a", 10}})->id, video);
  EXPECT_EQ(create_once({{"b", 10}})->missing, std::vector<std::string>{"b"});
}

TEST_P(CatalogueTest, OfManyWhoWantItOnceOneMakesIt) {
  claim(1);
  constexpr int kClients = 4;
  std::vector<std::string> ids(kClients);
  std::vector<int> made(kClients);
  {
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        auto created = create_once({{"a", 10}, {"b", 10}});
        while (!created && created.error().code == ErrorCode::kOverloaded) {
          created = create_once({{"a", 10}, {"b", 10}});
        }
        ASSERT_TRUE(created);
        ids[i] = created->id;
        made[i] = created->is_new ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1);
  EXPECT_EQ(std::ranges::count(made, 1), 1);
  EXPECT_EQ(catalogue_->list(1, "", 9)->videos.size(), 1);
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogueTest,
                         testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace origin
