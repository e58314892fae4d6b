#include "cache/arena.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace cache {
namespace {

using base::operator""_MiB;

std::uintptr_t address_of(const base::Ref<Block>& block) {
  return reinterpret_cast<std::uintptr_t>(block->data());
}

TEST(Arena, GivesTheSmallestClassThatHolds) {
  Arena arena(1_MiB);
  EXPECT_EQ(arena.allocate(1)->capacity(), 1024U);
  EXPECT_EQ(arena.allocate(1024)->capacity(), 1024U);
  EXPECT_EQ(arena.allocate(1025)->capacity(), 2048U);
  EXPECT_EQ(arena.allocate(5'000)->capacity(), 8192U);
  EXPECT_EQ(arena.allocate(32'768)->capacity(), 32'768U);
  EXPECT_EQ(arena.allocate(32'769)->capacity(), 65'536U);
  EXPECT_EQ(arena.allocate(65'536)->capacity(), 65'536U);
}

TEST(Arena, AlignsForDirectIo) {
  Arena arena(1_MiB);
  std::vector<base::Ref<Block>> kept;
  for (std::size_t bytes = 1024; bytes <= kBlockBytes; bytes *= 2) {
    for (int i = 0; i < 3; ++i) {
      kept.push_back(arena.allocate(bytes));
      EXPECT_EQ(address_of(kept.back()) % std::min<std::size_t>(bytes, 4096), 0U) << bytes;
    }
  }
}

TEST(Arena, IsAtLeastOneMebibyteAndWholeBlocks) {
  EXPECT_EQ(Arena(base::Bytes(1)).capacity(), 1_MiB);
  EXPECT_EQ(Arena(2_MiB + base::Bytes(65'535)).capacity(), 2_MiB);
}

TEST(Arena, GivesNothingPastItsCapacityAndEverythingOnceFreed) {
  Arena arena(1_MiB);
  for (std::size_t bytes = 1024; bytes <= kBlockBytes; bytes *= 2) {
    std::vector<base::Ref<Block>> all;
    while (auto block = arena.allocate(bytes)) all.push_back(std::move(block));
    EXPECT_EQ(all.size(), (1 << 20) / bytes) << bytes;
    EXPECT_EQ(arena.used(), 1_MiB);
    EXPECT_FALSE(arena.allocate(1));
    all.clear();  // Emptied pages return, so the next class finds the whole arena.
    EXPECT_EQ(arena.used(), base::Bytes(0));
  }
  EXPECT_EQ(arena.resident(), 1_MiB);
}

TEST(Arena, ReusesFreedBlocksBeforeTouchingNewOnes) {
  Arena arena(16_MiB);
  for (int i = 0; i < 1'000; ++i) {
    auto whole = arena.allocate(kBlockBytes);
    auto part = arena.allocate(2'000);
    std::memset(whole->data(), i, kBlockBytes);
  }
  EXPECT_EQ(arena.resident(), base::Bytes(2 * kBlockBytes));
}

// What is written into a block stays until it is freed, whatever its neighbours do.
TEST(Arena, BlocksNeverOverlap) {
  Arena arena(2_MiB);
  struct Held {
    base::Ref<Block> block;
    char mark;
  };
  std::vector<Held> held;
  std::mt19937 random(7);
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 5 < 3) {
      const std::size_t bytes = std::size_t{1} << (random() % 17);
      if (auto block = arena.allocate(bytes)) {
        const auto mark = static_cast<char>(random());
        std::memset(block->data(), mark, block->capacity());
        held.push_back({std::move(block), mark});
        continue;
      }
    }
    if (held.empty()) continue;
    std::swap(held[random() % held.size()], held.back());
    const Held& last = held.back();
    const std::string expected(last.block->capacity(), last.mark);
    ASSERT_EQ(std::memcmp(last.block->data(), expected.data(), expected.size()), 0);
    held.pop_back();
  }
}

TEST(Arena, ServesManyThreads) {
  Arena arena(4_MiB);
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&arena, seed] {
        std::mt19937 random(seed);
        std::vector<base::Ref<Block>> held;
        for (int step = 0; step < 5'000; ++step) {
          if (held.size() < 20) {
            if (auto block = arena.allocate(1 + random() % kBlockBytes)) {
              block->data()[0] = static_cast<char>(seed);
              held.push_back(std::move(block));
            }
          } else {
            held.erase(held.begin() + random() % 20);
          }
        }
      });
    }
  }
  EXPECT_EQ(arena.used(), base::Bytes(0));
}

TEST(ArenaDeathTest, ABlockThatOutlivesItIsOurMistake) {
  EXPECT_DEATH(
      {
        base::Ref<Block> block;
        Arena arena(1_MiB);
        block = arena.allocate(1);
        arena.~Arena();
      },
      "CHECK failed");
}

// A block that is asked for often enough.
base::Ref<Block> lent_block(Arena& arena, char fill) {
  base::Ref<Block> block = arena.allocate(kBlockBytes);
  std::memset(block->data(), fill, kBlockBytes);
  for (int i = 0; i < Block::kLendAfter; ++i) EXPECT_FALSE(block->lend());
  EXPECT_TRUE(block->lend());
  return block;
}

TEST(Arena, LendsWholeBlocksThatAreSentOftenAndForgetsThatWithThem) {
  Arena arena(1_MiB);
  const base::Ref<Block> small = arena.allocate(kBlockBytes / 2);
  for (int i = 0; i < 2 * Block::kLendAfter; ++i) EXPECT_FALSE(small->lend());
  char* const place = lent_block(arena, 'a')->data();
  const base::Ref<Block> next = arena.allocate(kBlockBytes);
  ASSERT_EQ(next->data(), place);
  EXPECT_FALSE(next->lend());
}

// The kernel holds what was lent in a pipe, as a socket's queue would, while its block is used
// again.
TEST(Arena, NeverWritesToPagesThatItLent) {
  Arena arena(1_MiB);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd out(ends[0]), in(ends[1]);
  ASSERT_GE(fcntl(in.get(), F_SETPIPE_SZ, static_cast<int>(2 * kBlockBytes)), 0);
  base::Ref<Block> block = lent_block(arena, 'a');
  char* const place = block->data();
  iovec vector{place, kBlockBytes};
  ASSERT_EQ(vmsplice(in.get(), &vector, 1, SPLICE_F_NONBLOCK), ssize_t{kBlockBytes});
  block = nullptr;
  block = arena.allocate(kBlockBytes);
  ASSERT_EQ(block->data(), place);
  std::memset(block->data(), 'b', kBlockBytes);
  std::string read_back(kBlockBytes, '\0');
  for (std::size_t at = 0; at < kBlockBytes;) {
    const ssize_t size = read(out.get(), read_back.data() + at, kBlockBytes - at);
    ASSERT_GT(size, 0);
    at += static_cast<std::size_t>(size);
  }
  EXPECT_EQ(read_back, std::string(kBlockBytes, 'a'));
  EXPECT_EQ(block->data()[kBlockBytes - 1], 'b');
}

}  // namespace
}  // namespace cache
