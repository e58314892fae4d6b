#include "cache/disk_tier.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cache/disk_fixture.h"
#include "tests/cache/simulated_disk.h"

namespace cache {
namespace {

TEST(DiskTier, GivesBackWhatWasStored) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/v/1.ts", 700'000);
  ASSERT_TRUE(disk.store(film));
  const auto found = disk.find("/v/1.ts");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->version(), film.object->version());
  EXPECT_EQ(found->length(), 700'000);
  EXPECT_TRUE(film.object->on_disk);
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskTier, BodiesOfEveryLengthComeBack) {
  const DiskDirectory directory;
  Disk disk(directory);
  for (const std::uint64_t length :
       {1, 2047, 2048, 2049, 4096, 4097, 65'535, 65'536, 65'537, 262'143, 262'144, 262'145}) {
    const auto film = disk.object("/" + std::to_string(length), length);
    ASSERT_TRUE(disk.store(film)) << length;
    ASSERT_EQ(disk.read_back(film), film.body) << length;
  }
}

TEST(DiskTier, IsWarmAfterARestart) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/v/1.ts", 700'000);
  const auto note = disk.object("/v/1.m3u8", 900);
  ASSERT_TRUE(disk.store(film));
  ASSERT_TRUE(disk.store(note));
  disk.reopen();
  ASSERT_TRUE(disk.is_open());
  EXPECT_TRUE(disk.find("/v/1.ts"));
  EXPECT_TRUE(disk.find("/v/1.m3u8"));
  EXPECT_EQ(disk.read_back(film), film.body);
  EXPECT_EQ(disk.read_back(note), note.body);
  // And goes on where it was.
  const auto next = disk.object("/v/2.ts", 700'000);
  ASSERT_TRUE(disk.store(next));
  EXPECT_EQ(disk.read_back(next), next.body);
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskTier, WorksWithoutDirectIo) {
  const DiskDirectory directory;
  auto options = Disk::small(directory.path());
  options.direct_io = false;
  Disk disk(options);
  const auto film = disk.object("/v/1.ts", 700'000);
  ASSERT_TRUE(disk.store(film));
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskTier, ReadsOnlyTheBlocksAskedFor) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/v/1.ts", 256 * 1024);
  ASSERT_TRUE(disk.store(film));
  const auto chunk = disk.read_chunk(*film.object, 0, 1, 2);
  ASSERT_TRUE(chunk);
  EXPECT_FALSE(chunk->has_block(0));
  EXPECT_TRUE(chunk->has_block(1));
  EXPECT_TRUE(chunk->has_block(2));
  EXPECT_FALSE(chunk->has_block(3));
}

TEST(DiskTier, NeverOutgrowsItsBudgetAndKeepsWhatWasUsed) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto favourite = disk.object("/favourite", 256 * 1024);
  ASSERT_TRUE(disk.store(favourite));
  const auto forgotten = disk.object("/forgotten", 256 * 1024);
  ASSERT_TRUE(disk.store(forgotten));
  for (int i = 0; i < 200; ++i) {
    const auto film = disk.object("/v/" + std::to_string(i), 256 * 1024);
    disk.store(film);
    ASSERT_EQ(disk.read_back(favourite), favourite.body) << i;
    ASSERT_LE(disk.stats().used, disk.stats().capacity) << i;
    ASSERT_LE(bytes_in(directory.path()), disk.stats().capacity.count()) << i;
  }
  EXPECT_GT(disk.stats().chunks_rewritten, 0);
  EXPECT_EQ(disk.stats().chunks_dropped, 0);
  EXPECT_TRUE(disk.find("/favourite"));
  EXPECT_TRUE(disk.find("/v/199"));
  EXPECT_FALSE(disk.read_back(forgotten));
  // It is a budget that is used, too.
  EXPECT_GT(bytes_in(directory.path()), disk.stats().capacity.count() / 2);
}

TEST(DiskTier, TinyObjectsLeaveByTheSameClock) {
  SimulatedDisk simulated(1);
  auto options = Disk::small("/cache");
  options.size_max = base::Bytes(8u << 20);
  options.region_size = base::Bytes(256u << 10);
  options.index_env = simulated.env();
  Disk disk(options, &simulated.files());
  const auto favourite = disk.object("/favourite", 1'500);
  ASSERT_TRUE(disk.store(favourite));
  for (int i = 0; i < 12'000; ++i) {
    disk.store(disk.object("/" + std::to_string(i), 1'000));
    if (i % 50 == 0) {
      ASSERT_TRUE(disk.find("/favourite")) << i;
      ASSERT_EQ(disk.read_back(favourite), favourite.body) << i;
      ASSERT_LE(disk.stats().used, disk.stats().capacity) << i;
    }
  }
  EXPECT_FALSE(disk.find("/0"));
  // The rest was dropped, when RocksDB's compactions could not keep up with nothing but writes.
  EXPECT_GT(disk.stats().chunks_written, 6'000U);
}

TEST(DiskTier, UseOfTheMemorysCopyCountsAsUse) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/favourite", 256 * 1024);
  const auto chunk = disk.chunk_of(film, 0);
  disk.tier().write(film.object, chunk, nullptr);
  disk.run();
  ASSERT_NE(chunk->disk_place().epoch, 0U);
  disk.tier().touch(chunk->disk_place());
  while (disk.stats().chunks_rewritten == 0 && disk.stats().chunks_written < 200) {
    disk.store(disk.object("/v/" + std::to_string(disk.stats().chunks_written), 256 * 1024));
  }
  EXPECT_EQ(disk.stats().chunks_rewritten, 1U);
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskTier, ARecordStaysWhileItsChunksDo) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 256 * 1024);
  ASSERT_TRUE(disk.store(film));
  // Thousands of records later, but never read from disk itself.
  for (int i = 0; i < 4'000; ++i) disk.store(disk.object("/tiny/" + std::to_string(i), 600));
  ASSERT_EQ(disk.read_back(film), film.body);
  EXPECT_TRUE(disk.find("/film"));
}

TEST(DiskTier, WithoutAStrongValidatorTheRecordComesWithTheLastChunk) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 600'000, "");
  disk.queue(film, 2);
  disk.queue(film, 0);
  disk.run();
  EXPECT_FALSE(disk.find("/film"));
  disk.queue(film, 1);
  disk.run();
  EXPECT_TRUE(disk.find("/film"));
}

TEST(DiskTier, AnOlderVersionsChunkDoesNotBringItBack) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto old = disk.object("/film", 100'000);
  disk.clock().advance(std::chrono::seconds(1));
  const auto replaced = disk.object("/film", 200'000);
  ASSERT_TRUE(disk.store(replaced));
  EXPECT_FALSE(disk.store(old));
  EXPECT_EQ(disk.find("/film")->version(), replaced.object->version());
}

TEST(DiskTier, ARevalidatedRecordReplacesItsOld) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  for (int i = 1; i <= 3; ++i) {
    ObjectHead head = film.object->head();
    head.key_text = film.object->key_text;
    head.length = 100'000;
    head.status = 200 + i;
    disk.tier().write(base::make_ref<Object>(std::move(head)));
    disk.run();
    ASSERT_EQ(disk.find("/film")->head().status, 200 + i);
  }
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskTier, AnErasedRecordIsGoneUnlessItIsOfAnotherVersion) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  disk.tier().erase(film.object->key, {1, 1});
  disk.run();
  EXPECT_TRUE(disk.find("/film"));
  disk.tier().erase(film.object->key, film.object->version());
  disk.run();
  EXPECT_FALSE(disk.find("/film"));
}

TEST(DiskTier, AnotherTextUnderTheSameKeyIsAMiss) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  bool found = true;
  disk.tier().find(film.object->key, "video\n/another", [&](auto result) { found = bool(result); });
  disk.run();
  EXPECT_FALSE(found);
  EXPECT_TRUE(disk.find("/film"));
}

TEST(DiskTier, DropsWhatItsQueueHasNoRoomFor) {
  const DiskDirectory directory;
  auto options = Disk::small(directory.path());
  options.write_queue_max = base::Bytes(512 * 1024);
  Disk disk(options);
  const auto film = disk.object("/film", 1024 * 1024);
  for (std::uint32_t i = 0; i < 3; ++i) disk.queue(film, i);
  EXPECT_EQ(disk.stats().chunks_dropped, 1U);
  disk.run();
  EXPECT_EQ(disk.outcomes.size(), 3U);
  EXPECT_EQ(std::ranges::count_if(disk.outcomes, [](const auto& o) { return o.has_value(); }), 2);
  disk.queue(film, 3);  // There is room again.
  disk.run();
  EXPECT_TRUE(disk.outcomes.back());
}

TEST(DiskTier, AFailingDiskIsTakenOutAndAnswersAtOnce) {
  SimulatedDisk simulated(1);
  auto options = Disk::small("/cache");
  options.index_env = simulated.env();
  Disk disk(options, &simulated.files());
  const auto film = disk.object("/film", 1 << 20);
  ASSERT_TRUE(disk.store(film));
  simulated.fail(simulated.points() + 1, SimulatedDisk::Fault::kIoError, 1'000'000);
  for (int i = 0; i < 20; ++i) disk.store(disk.object("/" + std::to_string(i), 100'000));
  EXPECT_FALSE(disk.stats().healthy);
  EXPECT_NE(disk.metrics().text().find("headrace_cache_disk_healthy 0"), std::string::npos);
  EXPECT_FALSE(disk.read_back(film));
  EXPECT_EQ(disk.last_read.error().code, base::ErrorCode::kNotFound);
  EXPECT_FALSE(disk.find("/film"));
}

TEST(DiskTier, AFullFileSystemKeepsTheCacheAtTheSizeItHas) {
  SimulatedDisk simulated(1);
  auto options = Disk::small("/cache");
  options.index_env = simulated.env();
  Disk disk(options, &simulated.files());
  // Only reservations fail: everything else has its space already.
  simulated.limit_files(base::Bytes(4u << 20));
  for (int i = 0; i < 60; ++i) disk.store(disk.object("/" + std::to_string(i), 256 * 1024));
  EXPECT_TRUE(disk.stats().healthy);
  EXPECT_LE(disk.stats().used, base::Bytes(5u << 20));
  EXPECT_NE(disk.metrics().text().find("headrace_cache_disk_full 1"), std::string::npos);
  EXPECT_TRUE(disk.find("/59"));
  EXPECT_LT(disk.stats().chunks_dropped, 8U);
}

TEST(DiskTier, ClosingFinishesWhatIsQueued) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 1 << 20);
  for (std::uint32_t i = 0; i < 4; ++i) disk.queue(film, i);
  disk.reopen();
  EXPECT_EQ(disk.read_back(film), film.body);
}

}  // namespace
}  // namespace cache
