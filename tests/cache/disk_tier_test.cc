#include "cache/disk_tier.h"

#include <gtest/gtest.h>

#include "tests/cache/disk_fixture.h"

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
  EXPECT_EQ(disk.read_back(film), film.body);
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
  }
  EXPECT_GT(disk.stats().chunks_rewritten, 0);
  EXPECT_EQ(disk.stats().chunks_dropped, 0);
  EXPECT_TRUE(disk.find("/favourite"));
  EXPECT_TRUE(disk.find("/v/199"));
  EXPECT_FALSE(disk.read_back(forgotten));
}

}  // namespace
}  // namespace cache
