#include "cache/regions.h"

#include <gtest/gtest.h>

#include <vector>

#include "cache/growing_list.h"

namespace cache {
namespace {

constexpr std::uint64_t kRegion = 1 << 20;

class NoFile final : public File {
 public:
  base::Result<void> read(std::uint64_t, std::span<char>) override { return {}; }
  base::Result<void> write(std::uint64_t, std::span<const char>) override { return {}; }
  base::Result<void> allocate(std::uint64_t) override { return {}; }
  base::Result<void> sync() override { return {}; }
};

// Room for eight files and a little more.
struct Space {
  bool open_file(Regions::Use use = Regions::Use::kFill) {
    const auto opening = regions.begin_file(use);
    if (!opening) return false;
    regions.open_file(*opening, opening->has_file ? nullptr : std::make_unique<NoFile>());
    return true;
  }
  // A region with one body in it; the next is opened after it.
  DiskPlace fill_one() {
    CHECK(open_file());
    const auto place = regions.take_bytes(kRegion);
    CHECK(place.has_value());
    regions.settle(*place);
    return *place;
  }
  int idle_calls = 0;
  Regions regions{{.limit = base::Bytes(8 * kRegion + kRegion * 3 / 4),
                   .region_size = base::Bytes(kRegion),
                   .on_idle = [this] { ++idle_calls; }}};
};

TEST(Regions, TakesPlacesOneAfterTheOtherAtWholePages) {
  Space space;
  EXPECT_FALSE(space.regions.take_bytes(1)) << "nothing is open";
  ASSERT_TRUE(space.open_file());
  EXPECT_EQ(space.regions.take_bytes(5'000)->offset, 0U);
  EXPECT_EQ(space.regions.take_bytes(4'096)->offset, 8'192U);
  EXPECT_EQ(space.regions.take_bytes(kRegion - 12'288)->offset, 12'288U);
  EXPECT_FALSE(space.regions.take_bytes(1));
}

TEST(Regions, KeepsTheLastFileForTheReclaimer) {
  Space space;
  for (int i = 0; i < 7; ++i) space.fill_one();
  EXPECT_TRUE(space.regions.wants_reclaim());
  EXPECT_FALSE(space.open_file(Regions::Use::kFill));
  EXPECT_TRUE(space.open_file(Regions::Use::kRewrite));
  EXPECT_FALSE(space.open_file(Regions::Use::kRewrite));
  EXPECT_EQ(space.regions.used(), base::Bytes(8 * kRegion));
}

TEST(Regions, ReclaimsTheOldestAndGivesItANewEpoch) {
  Space space;
  std::vector<DiskPlace> places;
  for (int i = 0; i < 7; ++i) places.push_back(space.fill_one());
  const auto victim = space.regions.begin_reclaim();
  ASSERT_TRUE(victim);
  EXPECT_EQ(victim->number, places[0].region);
  EXPECT_FALSE(space.regions.pin(places[0])) << "nobody begins to read what is reclaimed";
  EXPECT_TRUE(space.regions.reclaiming(places[0]));
  ASSERT_TRUE(space.regions.end_reclaim(victim->number));
  ASSERT_TRUE(space.open_file());
  const auto again = space.regions.take_bytes(1);
  EXPECT_EQ(again->region, places[0].region);
  EXPECT_EQ(again->epoch, places[0].epoch + 1);
  EXPECT_FALSE(space.regions.pin(places[0])) << "of an epoch that is over";
  EXPECT_TRUE(space.regions.pin(*again));
}

TEST(Regions, WhoReadsHoldsTheRegionAndTellsWhenDone) {
  Space space;
  const auto place = space.fill_one();
  space.fill_one();
  {
    const auto pin = space.regions.pin(place);
    ASSERT_TRUE(pin);
    ASSERT_EQ(space.regions.begin_reclaim()->number, place.region);
    EXPECT_FALSE(space.regions.end_reclaim(place.region));
    EXPECT_EQ(space.idle_calls, 0);
  }
  EXPECT_EQ(space.idle_calls, 1);
  EXPECT_TRUE(space.regions.end_reclaim(place.region));
}

TEST(Regions, WhatIsOnItsWayHoldsTheRegion) {
  Space space;
  ASSERT_TRUE(space.open_file());
  const auto place = space.regions.take_bytes(kRegion);
  ASSERT_TRUE(space.open_file());
  EXPECT_FALSE(space.regions.begin_reclaim());
  space.regions.settle(*place);
  EXPECT_TRUE(space.regions.begin_reclaim());
}

TEST(Regions, RemembersUseUntilTheRegionIsReused) {
  Space space;
  ASSERT_TRUE(space.open_file());
  const auto one = *space.regions.take_bytes(4'096), two = *space.regions.take_bytes(4'096);
  space.regions.touch(one);
  EXPECT_TRUE(space.regions.hot(one));
  EXPECT_FALSE(space.regions.hot(two));
  DiskPlace stale = two;
  stale.epoch += 1;
  space.regions.touch(stale);
  EXPECT_FALSE(space.regions.hot(two));
  // Hints from anywhere do no harm.
  space.regions.touch({.region = 1'000'000, .epoch = 1, .offset = 0});
  space.regions.touch({.region = one.region, .epoch = one.epoch, .offset = 1ULL << 50});
}

TEST(Regions, AHomeIsFullWhenItIsChargedWithItsShare) {
  Space space;
  ASSERT_TRUE(space.regions.open_home(Regions::Use::kFill));
  const auto share = space.regions.capacity_of(Regions::Kind::kHome);
  const auto slot = space.regions.take_slot();
  ASSERT_TRUE(slot);
  EXPECT_EQ(space.regions.charge(*slot, share - 1), share - 1);
  ASSERT_TRUE(space.regions.take_slot());
  EXPECT_EQ(space.regions.charge(*slot, 1), share);
  EXPECT_FALSE(space.regions.take_slot());
}

TEST(Regions, TheIndexTakesRoomFromTheFiles) {
  Space space;
  for (int i = 0; i < 6; ++i) space.fill_one();
  EXPECT_FALSE(space.regions.wants_reclaim());
  space.regions.set_index_bytes(base::Bytes(2 * kRegion), base::Bytes(0));
  EXPECT_TRUE(space.regions.wants_reclaim());
  space.regions.set_index_bytes(base::Bytes(3 * kRegion), base::Bytes(0));
  EXPECT_TRUE(space.regions.over_limit());
  const auto victim = space.regions.begin_reclaim();
  ASSERT_TRUE(space.regions.end_reclaim(victim->number));
  EXPECT_EQ(space.regions.take_surplus_file(), victim->number);
  EXPECT_FALSE(space.regions.over_limit());
}

TEST(Regions, AFullDiskIsAskedAgainAfterSomeTurns) {
  Space space;
  for (int i = 0; i < 4; ++i) space.fill_one();
  space.regions.set_disk_full();
  EXPECT_FALSE(space.open_file());
  for (int turn = 0; space.regions.disk_full(); ++turn) {
    ASSERT_LT(turn, 20);
    const auto victim = space.regions.begin_reclaim();
    ASSERT_TRUE(victim);
    ASSERT_TRUE(space.regions.end_reclaim(victim->number));
    if (space.open_file()) space.regions.settle(*space.regions.take_bytes(kRegion));
  }
  EXPECT_FALSE(space.regions.wants_reclaim());
}

TEST(Regions, GoesOnWhereTheYoungestOfEachKindWas) {
  Space space;
  std::vector<Regions::Stored> stored;
  for (std::uint32_t i = 0; i < 3; ++i) {
    stored.push_back({.number = i,
                      .entry = {.kind = Regions::Kind::kFile, .epoch = 5, .birth = i + 1},
                      .used = i == 1 ? 0U : 8'192U,
                      .charged = 100,
                      .file = std::make_unique<NoFile>()});
  }
  space.regions.restore(std::move(stored));
  const auto place = space.regions.take_bytes(1);
  EXPECT_EQ(*place, (DiskPlace{2, 5, 8'192}));
  EXPECT_EQ(space.regions.begin_reclaim()->number, 0U);
}

TEST(Regions, TakeMemoryOnlyAsTheyAreOpened) {
  Regions regions({.limit = base::Bytes(900ULL << 40), .region_size = base::Bytes(64u << 20)});
  EXPECT_EQ(regions.made(), 0U);
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    const auto home = regions.open_home(Regions::Use::kFill);
    ASSERT_TRUE(home);
    EXPECT_EQ(home->number, i);
  }
  EXPECT_EQ(regions.made(), 3'000U);
}

TEST(Regions, AreNoMoreThanFit) {
  GrowingList<int> list(2);
  list.add(std::make_unique<int>(1));
  int& first = list[0];
  list.add(std::make_unique<int>(2));
  EXPECT_EQ(&first, &list[0]);
  EXPECT_EQ(list.size(), list.size_max());
  EXPECT_DEATH(list.add(std::make_unique<int>(3)), "CHECK");
}

}  // namespace
}  // namespace cache
