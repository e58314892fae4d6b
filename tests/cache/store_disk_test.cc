// The store over memory and disk: what a restart keeps, and what is read back how.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cache/file_system.h"
#include "tests/cache/disk_fixture.h"
#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

class Store_Disk : public StoreFixture {
 protected:
  Store_Disk() {
    options.disk = DiskTierOptions{.path = directory.path(),
                                   .size_max = base::Bytes(64u << 20),
                                   .region_size = base::Bytes(4u << 20),
                                   .index_memory = base::Bytes(4u << 20)};
  }
  ~Store_Disk() override { close(); }

  void adjust(StoreContext& context) override {
    context.files = files.get();
    context.disk_readers = &loop;
    context.disk_writer = &loop;
    context.disk_index = &loop;
  }
  void restart() {
    close();
    store();
  }
  // Overwrites every byte that the region files hold.
  void spoil_regions() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
      if (!entry.is_regular_file() || entry.path().parent_path().filename() != "regions") continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      const std::string junk(entry.file_size(), 'x');
      file.write(junk.data(), static_cast<std::streamsize>(junk.size()));
    }
  }

  DiskDirectory directory;
  std::unique_ptr<FileSystem> files = make_posix_file_system();
};

TEST_F(Store_Disk, ServesAfterARestartWithoutAskingTheOrigin) {
  const Resource video = resource(5 * kChunk + 100);
  fetched(video);
  restart();
  StoreClient& client = get();
  EXPECT_EQ(client.end(), End::kServed);
  EXPECT_TRUE(same(client.bytes(), video.bytes));
  EXPECT_EQ(client.first_source(), Source::kDisk);
  EXPECT_EQ(get().first_source(), Source::kMemory);
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_Disk, ARangeOfAChunkReadsOnlyItsBlocks) {
  options.chunk_size = 16 * kChunk;
  const Resource video = resource(16 * kChunk);
  fetched(video);
  restart();
  StoreClient& client = get_range(3 * kChunk + 10, 3 * kChunk + 19);
  EXPECT_TRUE(same(client.bytes(), video.bytes.substr(3 * kChunk + 10, 10)));
  const base::Ref<Chunk> chunk = store().chunk_in_memory(*client.object(), 0, 3 * kChunk);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->phase(), Chunk::Phase::kPartial);
  EXPECT_FALSE(chunk->has_block(2));
  EXPECT_FALSE(chunk->has_block(4));
  EXPECT_FALSE(store().chunk_in_memory(*client.object(), 0, 0));
  // The others come when they are wanted, into the same chunk.
  EXPECT_TRUE(same(get().bytes(), video.bytes));
  EXPECT_EQ(chunk->phase(), Chunk::Phase::kWhole);
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_Disk, TheNextChunksAreReadAheadFromDisk) {
  const Resource video = resource(10 * kChunk);
  fetched(video);
  restart();
  StoreClient& client = get({.range = Span{kChunk, kChunk}, .read_ahead = 3});
  for (std::uint32_t i = 0; i < 10; ++i) {
    const bool there = static_cast<bool>(store().chunk_in_memory(*client.object(), i, 0));
    EXPECT_EQ(there, i >= 1 && i <= 4) << i;
  }
  StoreClient& at_the_end = get({.range = Span{8 * kChunk, 8 * kChunk}, .read_ahead = 64});
  EXPECT_TRUE(store().chunk_in_memory(*at_the_end.object(), 9, 0));
  EXPECT_EQ(origin.asked(), 1u);
}

TEST_F(Store_Disk, ReadsNoFurtherAheadThanItsShareOfMemory) {
  options.memory_max = base::Bytes(16u << 20);
  const Resource video = resource(60 * kChunk);
  fetched(video);
  restart();
  const std::uint64_t share = store().stats().arena_capacity.count() / 8 / kChunk;
  ASSERT_LT(share, 58u);
  StoreClient& client = get({.range = Span{0, 0}, .read_ahead = 59});
  EXPECT_EQ(store().chunks_in_memory(*client.object()), 1 + share);
}

TEST_F(Store_Disk, WhatTheDiskHasLostIsFetchedAhead) {
  const Resource video = resource(4 * kChunk);
  get_range(0, kChunk - 1);  // Only the first chunk is stored.
  serve(video);
  restart();
  StoreClient& client = get({.range = Span{0, 0}, .read_ahead = 1});
  EXPECT_EQ(client.first_source(), Source::kDisk);
  serve(video);
  EXPECT_TRUE(store().chunk_in_memory(*client.object(), 1, 0));
  EXPECT_FALSE(store().chunk_in_memory(*client.object(), 2, 0));
}

TEST_F(Store_Disk, AReadThatFindsAllMemoryInUseWaitsForSome) {
  options.memory_max = base::Bytes(8u << 20);
  const Resource film = resource(kChunk);
  fetched(film);
  restart();
  // Growing chunks can't be evicted.
  const std::uint64_t blocks = store().stats().arena_capacity.count() / kChunk;
  const Resource other = resource(kChunk, "\"o\"");
  for (std::uint64_t i = 0; i < blocks; ++i) {
    get({.key_text = "site\n/" + std::to_string(i)});
    origin.last().head_of(other);
    origin.last().some(other, kChunk - 1);
  }
  StoreClient& client = get();
  loop.advance(std::chrono::milliseconds(100));
  EXPECT_FALSE(client.done());
  origin[origin.asked() - 1].rest(other);
  loop.advance(std::chrono::milliseconds(100));
  EXPECT_EQ(client.end(), End::kServed);
  EXPECT_EQ(client.first_source(), Source::kDisk);
  EXPECT_TRUE(same(client.bytes(), film.bytes));
}

TEST_F(Store_Disk, AReadThatNeverFindsMemoryIsToldSo) {
  options.memory_max = base::Bytes(8u << 20);
  fetched(resource(kChunk));
  restart();
  const std::uint64_t blocks = store().stats().arena_capacity.count() / kChunk;
  const Resource other = resource(kChunk, "\"o\"");
  for (std::uint64_t i = 0; i < blocks; ++i) {
    get({.key_text = "site\n/" + std::to_string(i)});
    origin.last().head_of(other);
    origin.last().some(other, kChunk - 1);
  }
  StoreClient& client = get();
  loop.advance(std::chrono::milliseconds(4'900));
  EXPECT_FALSE(client.done());
  loop.advance(std::chrono::milliseconds(200));
  EXPECT_EQ(client.error().code, base::ErrorCode::kOverloaded);
}

TEST_F(Store_Disk, APartlyFilledObjectGoesOnAfterARestart) {
  const Resource video = resource(6 * kChunk);
  get_range(2 * kChunk, 4 * kChunk - 1);
  serve(video);
  restart();
  EXPECT_TRUE(same(get_range(2 * kChunk, 4 * kChunk - 1).bytes(),
                   video.bytes.substr(2 * kChunk, 2 * kChunk)));
  EXPECT_EQ(origin.asked(), 1u);
  EXPECT_TRUE(same(fetched(video), video.bytes));
  for (std::size_t i = 1; i < origin.asked(); ++i) {
    EXPECT_EQ(origin[i].request.if_range, "\"v1\"");
  }
}

TEST_F(Store_Disk, EachVariantIsFoundAfterARestart) {
  Resource english{.bytes = "english", .etag = "\"en\""};
  english.fields.add("vary", "accept-language");
  const StoreClient::Get what{.request = {{"accept-language", "en"}}};
  fetched(english, what);
  restart();
  EXPECT_TRUE(same(get(what).bytes(), "english"));
  EXPECT_TRUE(get({.request = {{"accept-language", "de"}}}).asked_origin());
}

TEST_F(Store_Disk, APurgeIsStillInForceAfterARestart) {
  fetched(resource(1'000));
  purge(PurgeKind::kUrl, "site\n/video.mp4");
  restart();
  EXPECT_TRUE(get().asked_origin());
}

TEST_F(Store_Disk, ARevalidationIsRememberedAfterARestart) {
  const Resource video = resource(2 * kChunk);
  fetched(video);
  loop.advance(std::chrono::seconds(61));
  fetched(video);
  restart();
  EXPECT_FALSE(get().asked_origin());
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_Disk, ABodyWithoutValidatorReachesTheDiskOnlyComplete) {
  const Resource page = resource(3 * kChunk, "");
  get();
  origin[0].head_of(page);
  origin[0].some(page, 2 * kChunk + 5);
  loop.run();
  restart();
  EXPECT_TRUE(get().asked_origin());
  serve(page);
  restart();
  EXPECT_TRUE(same(get().bytes(), page.bytes));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_Disk, AnEmptyBodyIsFoundAfterARestart) {
  for (const std::string etag : {"\"v1\"", ""}) {
    const std::string key = "site\n/empty" + etag;
    fetched(resource(0, etag), {.key_text = key});
    restart();
    EXPECT_FALSE(get({.key_text = key}).asked_origin());
  }
}

TEST_F(Store_Disk, WhatDoesNotVerifyIsFetchedAgain) {
  const Resource video = resource(4 * kChunk);
  fetched(video);
  close();
  spoil_regions();
  StoreClient& client = get();
  serve(video);
  EXPECT_TRUE(same(client.bytes(), video.bytes));
  EXPECT_EQ(origin[1].request.if_range, "\"v1\"");
}

TEST_F(Store_Disk, ALostChunkOfABodyWithoutValidatorMakesTheObjectAMiss) {
  const Resource page = resource(4 * kChunk, "");
  fetched(page);
  close();
  spoil_regions();
  StoreClient& unlucky = get();
  EXPECT_EQ(unlucky.end(), End::kError);
  EXPECT_EQ(unlucky.error().code, base::ErrorCode::kAborted);
  EXPECT_TRUE(same(fetched(page), page.bytes));
  EXPECT_EQ(origin.asked(), 2u);
}

TEST_F(Store_Disk, ANewerFillIsNotHiddenByARecordReadFromDiskMeanwhile) {
  fetched(resource(100, "\"v1\"", 1));
  restart();
  loop.advance(std::chrono::seconds(61));
  StoreClient& client = get();  // Stale on disk: revalidated.
  serve(resource(200, "\"v2\"", 2));
  EXPECT_TRUE(same(client.bytes(), body_of(200, 2)));
  EXPECT_TRUE(same(get().bytes(), body_of(200, 2)));
  restart();
  EXPECT_TRUE(same(get().bytes(), body_of(200, 2)));
}

}  // namespace
}  // namespace cache
