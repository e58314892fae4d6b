#include "cache/memory_tier.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace cache {
namespace {

using base::operator""_KiB;
using base::operator""_MiB;
using Phase = Chunk::Phase;

class MemoryTierTest : public testing::TestWithParam<Policy> {
 protected:
  explicit MemoryTierTest(base::Bytes memory = 4_MiB) : arena(memory) {}

  MemoryTier& tier() {
    if (!tier_) {
      options.policy = GetParam();
      tier_ = std::make_unique<MemoryTier>(arena, options, [this](const Chunk& chunk, bool hit) {
        evicted.insert(chunk.key().version.low);
        if (hit) evicted_after_a_hit.insert(chunk.key().version.low);
      });
    }
    return *tier_;
  }

  static ChunkKey chunk_key(std::uint64_t n) { return {{0, n}, 0}; }
  static Key record_key(std::uint64_t n) { return {n, n * 0x9E3779B97F4A7C15ULL}; }

  std::size_t append(Chunk& chunk, std::string_view bytes) {
    return chunk.append(bytes, [this](std::size_t size) { return tier().allocate(size); });
  }
  base::Ref<Chunk> start(std::uint64_t n, std::uint32_t bytes) {
    return tier().insert(base::make_ref<Chunk>(chunk_key(n), bytes, Phase::kGrowing));
  }
  // A chunk as a fill leaves it.
  void fill(std::uint64_t n, std::uint32_t bytes) {
    const auto chunk = start(n, bytes);
    ASSERT_EQ(append(*chunk, std::string(bytes, static_cast<char>(n))), bytes);
    chunk->finish();
  }
  bool has(std::uint64_t n) { return bool(tier().find(chunk_key(n))); }
  static base::Ref<Record> mark(std::uint64_t n) {
    return base::make_ref<PassMark>(record_key(n), std::string(100, 'k'), base::MonoTime());
  }

  Arena arena;
  MemoryTierOptions options;
  std::set<std::uint64_t> evicted;
  std::set<std::uint64_t> evicted_after_a_hit;

 private:
  std::unique_ptr<MemoryTier> tier_;
};

TEST_P(MemoryTierTest, FindsWhatWasInserted) {
  fill(1, 100);
  tier().insert(mark(1));
  EXPECT_TRUE(has(1));
  EXPECT_FALSE(has(2));
  EXPECT_TRUE(tier().find(record_key(1)));
  EXPECT_TRUE(tier().peek(record_key(1)));
  EXPECT_FALSE(tier().find(record_key(2)));
  EXPECT_EQ(tier().stats().chunks, 1U);
  EXPECT_EQ(tier().stats().records, 1U);
}

TEST_P(MemoryTierTest, ANewRecordReplacesTheOld) {
  const auto old = mark(1);
  const auto fresh = mark(1);
  tier().insert(old);
  tier().insert(fresh);
  EXPECT_EQ(tier().find(record_key(1)), fresh);
  EXPECT_EQ(tier().stats().records, 1U);
  tier().remove(record_key(1), *old);  // Late: it is no longer that one.
  EXPECT_EQ(tier().find(record_key(1)), fresh);
  tier().remove(record_key(1), *fresh);
  EXPECT_FALSE(tier().find(record_key(1)));
}

TEST_P(MemoryTierTest, TheFirstChunkOfAKeyStays) {
  const auto first = start(1, 10);
  EXPECT_EQ(start(1, 10), first);
  EXPECT_EQ(tier().stats().chunks, 1U);
}

TEST_P(MemoryTierTest, AFailedChunkGivesWay) {
  const auto first = start(1, 10);
  first->fail();
  const auto second = start(1, 10);
  EXPECT_NE(second, first);
  EXPECT_EQ(tier().find(chunk_key(1)), second);
  tier().remove(chunk_key(1), *first);
  EXPECT_EQ(tier().find(chunk_key(1)), second);
}

TEST_P(MemoryTierTest, EvictsToMakeRoom) {
  for (std::uint64_t n = 0; n < 40; ++n) fill(n, 1 << 20);
  EXPECT_GE(evicted.size(), 36U);
  EXPECT_TRUE(has(39));
  EXPECT_EQ(tier().stats().evictions, evicted.size());
  EXPECT_LE(arena.used(), arena.capacity());
}

TEST_P(MemoryTierTest, ManySmallChunksMakeRoomForAWholeBlock) {
  for (std::uint64_t n = 0; n < 4096; ++n) fill(n, 1024);
  EXPECT_TRUE(tier().allocate(kBlockBytes));
}

TEST_P(MemoryTierTest, GrowingChunksAreNeverEvicted) {
  std::vector<base::Ref<Chunk>> growing;
  for (std::uint64_t n = 0; n < 4; ++n) {
    growing.push_back(start(n, 1 << 20));
    append(*growing.back(), std::string(1 << 20, 'g'));
  }
  EXPECT_FALSE(tier().allocate(1));  // Everything left is in use.
  for (const auto& chunk : growing) chunk->finish();
  EXPECT_FALSE(tier().allocate(1));  // Still held.
  growing.clear();
  EXPECT_TRUE(tier().allocate(1));
  EXPECT_EQ(evicted.size(), 1U);
}

TEST_P(MemoryTierTest, WhatReadersHoldIsPassedOver) {
  for (std::uint64_t n = 0; n < 4; ++n) fill(n, 1 << 20);
  const auto held = tier().find(chunk_key(0));
  for (std::uint64_t n = 10; n < 30; ++n) fill(n, 1 << 20);
  EXPECT_TRUE(has(0));
  EXPECT_EQ(evicted.count(0), 0U);
}

TEST_P(MemoryTierTest, ASliceOutlivesItsChunk) {
  auto chunk = start(1, 1'000);
  append(*chunk, std::string(1'000, '\1'));
  chunk->finish();
  const base::Slice slice = chunk->read(0, 1'000);
  chunk = nullptr;
  for (std::uint64_t n = 2; !evicted.contains(1); ++n) fill(n, 1 << 20);
  EXPECT_EQ(slice.view(), std::string(1'000, '\1'));
}

TEST_P(MemoryTierTest, TellsWhetherTheEvictedWereHit) {
  for (std::uint64_t n = 0; n < 60; ++n) {
    fill(n, 1 << 20);
    EXPECT_TRUE(n % 2 == 1 || has(n));
  }
  EXPECT_GT(evicted_after_a_hit.size(), 20U);
  for (const std::uint64_t n : evicted) EXPECT_EQ(evicted_after_a_hit.contains(n), n % 2 == 0) << n;
}

TEST_P(MemoryTierTest, WhatIsUsedOftenOutlivesAScan) {
  for (std::uint64_t n = 0; n < 2; ++n) fill(n, 1 << 20);
  for (std::uint64_t scan = 100; scan < 200; ++scan) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(has(0) && has(1)) << scan;
    fill(scan, 1 << 18);
  }
}

TEST_P(MemoryTierTest, RecordsStayWithinTheirBudget) {
  options.records_max = 128_KiB;
  for (std::uint64_t n = 0; n < 5'000; ++n) {
    tier().insert(mark(n));
    ASSERT_LE(tier().stats().record_bytes, 128_KiB);
  }
  EXPECT_GT(tier().stats().records, 100U);
  EXPECT_TRUE(tier().peek(record_key(4'999)));
}

TEST_P(MemoryTierTest, TinyChunksLeaveRoomForRecords) {
  options.records_max = 512_KiB;
  for (std::uint64_t n = 0; n < 3'500; ++n) {
    tier().insert(mark(n));
    fill(n, 100);
  }
  const MemoryTierStats stats = tier().stats();
  EXPECT_LE(stats.chunks * sizeof(Chunk) + stats.record_bytes.count(), 512U << 10);
  EXPECT_GT(stats.chunks, 400U);
  EXPECT_GT(stats.records, 400U);
}

// Random use against a plain model: what the tier has is what was inserted and not reported
// evicted, byte for byte; the arena's budget holds at every step.
TEST_P(MemoryTierTest, AgreesWithAMapMinusTheEvicted) {
  std::mt19937 random(11);
  std::map<std::uint64_t, std::uint32_t> model;
  std::map<std::uint64_t, base::Ref<Chunk>> growing;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t n = random() % 300;
    switch (random() % 8) {
      case 0:
      case 1: {
        if (model.contains(n)) break;
        const auto bytes =
            1 + static_cast<std::uint32_t>(random() % (random() % 10 == 0 ? 1 << 20 : 5'000));
        const auto chunk = start(n, bytes);
        if (append(*chunk, std::string(bytes, static_cast<char>(n))) < bytes) {
          chunk->fail();
          tier().remove(chunk_key(n), *chunk);
        } else if (growing.size() < 3) {
          growing[n] = chunk;
          model[n] = bytes;
        } else {
          chunk->finish();
          model[n] = bytes;
        }
        break;
      }
      case 2:
        if (growing.empty()) break;
        growing.begin()->second->finish();
        growing.erase(growing.begin());
        break;
      case 3:
        if (const auto there = tier().find(chunk_key(n)); there && !growing.contains(n)) {
          tier().remove(chunk_key(n), *there);
          ASSERT_EQ(model.erase(n), 1U);
        }
        break;
      default: {
        const auto found = tier().find(chunk_key(n));
        ASSERT_EQ(bool(found), model.contains(n)) << n;
        if (!found) break;
        ASSERT_EQ(found->length(), model[n]);
        ASSERT_EQ(found->read(model[n] - 1, 1).view()[0], static_cast<char>(n));
      }
    }
    for (const std::uint64_t gone : evicted) {
      ASSERT_FALSE(growing.contains(gone)) << "evicted while it grew";
      ASSERT_EQ(model.erase(gone), 1U) << gone;
    }
    evicted.clear();
    ASSERT_EQ(tier().stats().chunks, model.size());
    ASSERT_LE(arena.used(), arena.capacity());
  }
  EXPECT_GT(tier().stats().evictions, 1'000U);
}

TEST_P(MemoryTierTest, ServesManyThreads) {
  options.policy = GetParam();
  std::atomic<std::uint64_t> told{0};
  MemoryTier shared(arena, options, [&](const Chunk&, bool) { told.fetch_add(1); });
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&, seed] {
        std::mt19937 random(seed);
        for (int step = 0; step < 3'000; ++step) {
          const std::uint64_t n = random() % 200;
          if (const auto found = shared.find(chunk_key(n))) {
            const auto slice = found->read(0, 100);
            ASSERT_TRUE(slice.empty() || slice.view()[0] == static_cast<char>(n));
            if (random() % 16 == 0) shared.remove(chunk_key(n), *found);
            continue;
          }
          const std::uint32_t bytes = 60'000;
          auto mine = base::make_ref<Chunk>(chunk_key(n), bytes, Phase::kGrowing);
          if (shared.insert(mine) != mine) continue;
          const std::size_t taken =
              mine->append(std::string(bytes, static_cast<char>(n)),
                           [&](std::size_t size) { return shared.allocate(size); });
          if (taken == bytes) {
            mine->finish();
          } else {
            mine->fail();
            shared.remove(chunk_key(n), *mine);
          }
          shared.insert(mark(n));
          if (const auto record = shared.find(record_key(n)); record && random() % 2 == 0) {
            shared.remove(record_key(n), *record);
          }
        }
      });
    }
  }
  EXPECT_GT(told.load(), 0U);
  EXPECT_EQ(shared.stats().evictions, told.load());
}

INSTANTIATE_TEST_SUITE_P(Policies, MemoryTierTest,
                         testing::Values(Policy::kLru, Policy::kSieve, Policy::kS3Fifo),
                         [](const auto& info) {
                           return info.param == Policy::kLru     ? "Lru"
                                  : info.param == Policy::kSieve ? "Sieve"
                                                                 : "S3Fifo";
                         });

}  // namespace
}  // namespace cache
