#include "origin/videos/catalogue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
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

INSTANTIATE_TEST_SUITE_P(Engines, CatalogueTest,
                         testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace origin
