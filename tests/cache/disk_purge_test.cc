// Purges, as the disk tier makes them durable.
#include <gtest/gtest.h>

#include "cache/purge_log.h"
#include "tests/cache/disk_fixture.h"
#include "tests/cache/simulated_disk.h"

namespace cache {
namespace {

TEST(DiskPurge, APurgeSurvivesAKillAndAFloorARestart) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000), other = disk.object("/other", 100'000);
  ASSERT_TRUE(disk.store(film));
  ASSERT_TRUE(disk.store(other));
  ASSERT_EQ(disk.purge(PurgeKind::kUrl, "video\n/film"), 1U);
  disk.kill();
  ASSERT_TRUE(disk.open());
  EXPECT_EQ(disk.purges().sequence(), 1U);
  EXPECT_EQ(disk.purges().check(*disk.find("/film")), PurgeVerdict::kHard);
  EXPECT_EQ(disk.purges().check(*disk.find("/other")), PurgeVerdict::kKeep);
  ASSERT_EQ(disk.purge(PurgeKind::kEverything, ""), 2U);
  disk.reopen();
  EXPECT_EQ(disk.purges().check(*disk.find("/other")), PurgeVerdict::kHard);
}

TEST(DiskPurge, WhatWasPurgedMeanwhileIsNotStored) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.purge(PurgeKind::kUrl, "video\n/film"));
  EXPECT_FALSE(disk.store(film));
  EXPECT_FALSE(disk.find("/film"));
}

TEST(DiskPurge, AFullPurgeTableBecomesAFloorThatIsKept) {
  SimulatedDisk simulated(1);
  auto options = Disk::small("/cache");
  options.index_env = simulated.env();
  Disk disk(options, &simulated.files());
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  const auto last = PurgeLog::kEntriesMax + 1;
  for (std::size_t i = 1; i < last; ++i) {
    disk.purges().publish({.text = "x\n/" + std::to_string(i), .sequence = i});
  }
  ASSERT_EQ(disk.purges().floor(), 0U);
  ASSERT_EQ(disk.purge(PurgeKind::kUrl, "x\n/last"), last);
  const auto floor = disk.purges().floor();
  EXPECT_GT(floor, 0U);
  disk.reopen();
  ASSERT_TRUE(disk.is_open());
  EXPECT_EQ(disk.purges().floor(), floor);
  EXPECT_EQ(disk.purges().sequence(), last);
  EXPECT_EQ(disk.purges().check(*disk.find("/film")), PurgeVerdict::kHard);
}

TEST(DiskPurge, RefusesPurgesThatAreTooLongOrNameNoSite) {
  const DiskDirectory directory;
  Disk disk(directory);
  const std::string site = "video\n";
  EXPECT_TRUE(
      disk.purge(PurgeKind::kUrl, site + std::string(PurgeLog::kTextMax - site.size(), 'a')));
  EXPECT_EQ(disk.purge(PurgeKind::kUrl, site + std::string(PurgeLog::kTextMax, 'a')).error().code,
            base::ErrorCode::kTooLarge);
  EXPECT_EQ(disk.purge(PurgeKind::kTag, "news").error().code, base::ErrorCode::kInvalid);
}

TEST(DiskPurge, APurgeThatCantBeSyncedIsPublishedButNotAcknowledged) {
  SimulatedDisk simulated(1);
  auto options = Disk::small("/cache");
  options.index_env = simulated.env();
  Disk disk(options, &simulated.files());
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  simulated.fail(simulated.points() + 1, SimulatedDisk::Fault::kIoError, 1'000);
  EXPECT_FALSE(disk.purge(PurgeKind::kUrl, "video\n/film"));
  EXPECT_EQ(disk.purges().check(*film.object), PurgeVerdict::kHard);
  EXPECT_FALSE(disk.stats().healthy);
}

}  // namespace
}  // namespace cache
