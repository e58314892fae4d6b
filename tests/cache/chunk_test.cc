#include "cache/chunk.h"

#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <string>
#include <thread>

namespace cache {
namespace {

using base::operator""_MiB;
using Phase = Chunk::Phase;

constexpr std::uint32_t kBlock = kBlockBytes;

// Runs posted tasks when told to.
struct Loop final : base::Executor {
  void post(Task task) override { tasks.push_back(std::move(task)); }
  void run() {
    while (!tasks.empty()) {
      auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
  }
  std::deque<Task> tasks;
};

// Bytes that tell where they are.
std::string body(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 + i / 251);
  return bytes;
}

class ChunkTest : public testing::Test {
 protected:
  base::Ref<Chunk> growing(std::uint32_t length) {
    return base::make_ref<Chunk>(ChunkKey{{1, 2}, 3}, length, Phase::kGrowing);
  }
  base::Ref<Chunk> partial(std::uint32_t length) {
    return base::make_ref<Chunk>(ChunkKey{{1, 2}, 3}, length, Phase::kPartial);
  }
  std::size_t append(const base::Ref<Chunk>& chunk, std::string_view bytes) {
    return chunk->append(bytes, [this](std::size_t size) { return arena.allocate(size); });
  }
  base::Ref<Block> block_of(std::string_view bytes) {
    auto block = arena.allocate(bytes.size());
    std::copy(bytes.begin(), bytes.end(), block->data());
    return block;
  }
  static std::string all_of(const Chunk& chunk) {
    std::string bytes;
    while (true) {
      const auto piece = chunk.read(static_cast<std::uint32_t>(bytes.size()), 10'000);
      if (piece.empty()) return bytes;
      bytes += piece.view();
    }
  }

  Arena arena{4_MiB};
  Loop loop;
};

TEST_F(ChunkTest, GivesBytesWhileItGrows) {
  const std::string bytes = body(200'000);
  const auto chunk = growing(200'000);
  EXPECT_TRUE(chunk->read(0, 10).empty());
  for (std::size_t at = 0; at < bytes.size(); at += 7'777) {
    append(chunk, std::string_view(bytes).substr(at, 7'777));
    EXPECT_EQ(all_of(*chunk), bytes.substr(0, chunk->appended()));
    EXPECT_EQ(chunk->readable(100), chunk->appended() - 100);
  }
  EXPECT_EQ(chunk->phase(), Phase::kGrowing);
  chunk->finish();
  EXPECT_EQ(chunk->phase(), Phase::kWhole);
  EXPECT_EQ(all_of(*chunk), bytes);
  EXPECT_TRUE(chunk->read(200'000, 1).empty());
  EXPECT_TRUE(chunk->read(4'294'967'295U, 1).empty());
}

TEST_F(ChunkTest, AReadStaysWithinOneBlockAndItsLimit) {
  const auto chunk = growing(3 * kBlock);
  append(chunk, body(3 * kBlock));
  EXPECT_EQ(chunk->read(kBlock - 1, 100).size(), 1U);
  EXPECT_EQ(chunk->read(kBlock, 100).size(), 100U);
  EXPECT_EQ(chunk->read(kBlock, 4'000'000).size(), kBlock);
}

TEST_F(ChunkTest, TakesNoMoreThanItsLength) {
  const auto chunk = growing(1'000);
  EXPECT_EQ(append(chunk, body(600)), 600U);
  EXPECT_EQ(append(chunk, body(600)), 400U);
  EXPECT_EQ(append(chunk, body(600)), 0U);
}

TEST_F(ChunkTest, StopsWhenMemoryEnds) {
  const auto chunk = growing(3 * kBlock);
  int blocks = 2;
  const auto taken = chunk->append(body(3 * kBlock), [&](std::size_t size) {
    return blocks-- > 0 ? arena.allocate(size) : nullptr;
  });
  EXPECT_EQ(taken, 2 * kBlock);
  EXPECT_EQ(append(chunk, body(kBlock)), kBlock);  // Goes on once there is memory again.
}

TEST_F(ChunkTest, ASmallBodyOfKnownLengthTakesASmallBlock) {
  const auto chunk = growing(2'000);
  append(chunk, body(2'000));
  EXPECT_EQ(arena.used(), base::Bytes(2'048));
}

TEST_F(ChunkTest, ASmallBodyOfUnknownLengthIsMovedIntoASmallBlock) {
  const auto chunk = growing(1 << 20);
  append(chunk, body(2'000));
  const auto early = chunk->read(0, 2'000);
  EXPECT_EQ(arena.used(), base::Bytes(kBlock));
  chunk->finish();
  EXPECT_EQ(chunk->length(), 2'000U);
  EXPECT_EQ(all_of(*chunk), body(2'000));
  EXPECT_EQ(early.view(), body(2'000));  // Its block lives on with it.
  EXPECT_LT(chunk->memory_bytes(), 2'048U + 1'024U);
}

TEST_F(ChunkTest, TheTailOfALongBodyIsMovedToo) {
  const auto chunk = growing(1 << 20);
  append(chunk, body(2 * kBlock + 10));
  chunk->finish();
  EXPECT_EQ(arena.used(), base::Bytes(2 * kBlock + 1'024));
  EXPECT_EQ(all_of(*chunk), body(2 * kBlock + 10));
}

TEST_F(ChunkTest, AnEmptyBodyIsWhole) {
  const auto chunk = growing(1 << 20);
  chunk->finish();
  EXPECT_EQ(chunk->length(), 0U);
  EXPECT_TRUE(chunk->read(0, 1).empty());
  EXPECT_EQ(partial(0)->phase(), Phase::kWhole);
}

TEST_F(ChunkTest, AFailedFillLeavesWhatItHadReadable) {
  const auto chunk = growing(100'000);
  append(chunk, body(70'000));
  chunk->fail();
  EXPECT_EQ(chunk->phase(), Phase::kFailed);
  EXPECT_EQ(all_of(*chunk), body(70'000));
}

TEST_F(ChunkTest, BlocksFromDiskComeInAnyOrder) {
  const std::string bytes = body(2 * kBlock + 500);
  const auto chunk = partial(2 * kBlock + 500);
  chunk->add_block(2, block_of(std::string_view(bytes).substr(2 * kBlock)));
  EXPECT_EQ(chunk->read(2 * kBlock + 10, 5).view(), bytes.substr(2 * kBlock + 10, 5));
  EXPECT_EQ(chunk->readable(0), 0U);
  EXPECT_EQ(chunk->readable(2 * kBlock), 500U);
  EXPECT_TRUE(chunk->has_block(2));
  EXPECT_FALSE(chunk->has_block(0));
  chunk->add_block(0, block_of(std::string_view(bytes).substr(0, kBlock)));
  EXPECT_EQ(chunk->readable(10), kBlock - 10);
  EXPECT_EQ(chunk->phase(), Phase::kPartial);
  chunk->add_block(1, block_of(std::string_view(bytes).substr(kBlock, kBlock)));
  EXPECT_EQ(chunk->phase(), Phase::kWhole);
  EXPECT_EQ(all_of(*chunk), bytes);
}

TEST_F(ChunkTest, ABlockThatIsThereIsLeftAlone) {
  const auto chunk = partial(kBlock + 1);
  chunk->add_block(1, block_of("a"));
  chunk->add_block(1, block_of("b"));
  EXPECT_EQ(chunk->read(kBlock, 1).view(), "a");
  EXPECT_EQ(chunk->phase(), Phase::kPartial);
}

TEST_F(ChunkTest, AWaiterIsWokenOnceItsByteIsThere) {
  const auto chunk = growing(1'000);
  int woken = 0;
  const auto wait = chunk->wait(500, loop, [&] { ++woken; });
  append(chunk, body(500));
  loop.run();
  EXPECT_EQ(woken, 0);
  append(chunk, body(1));
  append(chunk, body(1));
  EXPECT_EQ(woken, 0);  // On its executor, never inline.
  loop.run();
  EXPECT_EQ(woken, 1);
  chunk->finish();
  loop.run();
  EXPECT_EQ(woken, 1);
}

TEST_F(ChunkTest, AWaiterForWhatIsThereIsWokenAtOnce) {
  const auto chunk = growing(1'000);
  append(chunk, body(10));
  int woken = 0;
  const auto wait = chunk->wait(9, loop, [&] { ++woken; });
  const auto of_disk = partial(10)->wait(0, loop, [&] { ++woken; });
  EXPECT_EQ(woken, 0);
  loop.run();
  EXPECT_EQ(woken, 2);
}

TEST_F(ChunkTest, TheEndWakesEveryWaiter) {
  const auto finished = growing(1'000);
  const auto failed = growing(1'000);
  int woken = 0;
  const auto one = finished->wait(500, loop, [&] { ++woken; });
  const auto other = failed->wait(500, loop, [&] { ++woken; });
  finished->finish();
  failed->fail();
  loop.run();
  EXPECT_EQ(woken, 2);
}

TEST_F(ChunkTest, ADestroyedWaitNeverFiresNotEvenWhenPosted) {
  const auto chunk = growing(1'000);
  auto early = chunk->wait(0, loop, [] { ADD_FAILURE(); });
  auto late = chunk->wait(0, loop, [] { ADD_FAILURE(); });
  early.reset();
  append(chunk, body(1));
  late.reset();
  loop.run();
}

TEST_F(ChunkTest, ACallbackMayDestroyAnyWait) {
  const auto chunk = growing(1'000);
  std::unique_ptr<Chunk::Wait> first, second;
  first = chunk->wait(0, loop, [&] {
    first.reset();
    second.reset();
  });
  second = chunk->wait(0, loop, [] { ADD_FAILURE(); });
  append(chunk, body(1));
  loop.run();
  EXPECT_FALSE(first);
}

TEST_F(ChunkTest, ACrowdOnOneLoopCostsOneTask) {
  const auto chunk = growing(1'000);
  Loop elsewhere;
  std::vector<std::unique_ptr<Chunk::Wait>> waits;
  std::vector<int> woken;
  for (int i = 0; i < 100; ++i)
    waits.push_back(chunk->wait(0, loop, [&, i] { woken.push_back(i); }));
  const auto other = chunk->wait(0, elsewhere, [] {});
  append(chunk, body(1));
  EXPECT_EQ(loop.tasks.size(), 1U);
  EXPECT_EQ(elsewhere.tasks.size(), 1U);
  loop.run();
  EXPECT_EQ(woken.size(), 100U);
  EXPECT_TRUE(std::is_sorted(woken.begin(), woken.end()));  // Who waited longest comes first.
}

TEST_F(ChunkTest, ReadersOnOtherThreadsSeeOnlyTrueBytes) {
  for (const std::uint32_t length : {1'500U, 65'536U, 200'000U}) {
    const std::string bytes = body(length);
    const auto chunk = growing(1 << 20);
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&, chunk] {
        std::uint32_t at = 0;
        while (at < length) {
          const auto piece = chunk->read(at, 3'000);
          ASSERT_EQ(piece.view(), std::string_view(bytes).substr(at, piece.size()));
          at += static_cast<std::uint32_t>(piece.size());
          if (piece.empty()) at = at / 2;  // Once more, over what may be moving.
        }
      });
    }
    for (std::size_t at = 0; at < length; at += 700) {
      append(chunk, std::string_view(bytes).substr(at, 700));
    }
    chunk->finish();
  }
}

// A loop on a thread of its own.
class LoopThread final : public base::Executor {
 public:
  LoopThread() : thread_([this] { run(); }) {}
  ~LoopThread() override {
    post([this] { stopped_ = true; });
    thread_.join();
  }
  void post(Task task) override {
    const base::MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

 private:
  void run() {
    while (!stopped_) {
      Task task;
      {
        const base::MutexLock lock(mutex_);
        while (tasks_.empty()) changed_.wait(mutex_);
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  base::Mutex mutex_;
  base::Condition changed_;
  std::deque<Task> tasks_ GUARDED_BY(mutex_);
  bool stopped_ = false;  // Touched on the thread only.
  std::thread thread_;
};

// Follows a growing chunk as a client's stream does; gives up now and then and starts anew.
struct Follower {
  void follow() {
    wait.reset();
    while (true) {
      const auto piece = chunk->read(at, 5'000);
      if (piece.empty()) break;
      bytes += piece.view();
      at += static_cast<std::uint32_t>(piece.size());
    }
    if (chunk->phase() == Phase::kWhole && at == chunk->length()) {
      done.set_value();
      return;
    }
    for (int i = 0; i < 2; ++i) wait = chunk->wait(at, loop, [this] { follow(); });
  }

  base::Ref<Chunk> chunk;
  base::Executor& loop;
  std::uint32_t at = 0;
  std::string bytes;
  std::unique_ptr<Chunk::Wait> wait;
  std::promise<void> done;
};

TEST_F(ChunkTest, FollowersOnOtherThreadsGetEveryByteAsItComes) {
  const std::string bytes = body(150'000);
  const auto chunk = growing(1 << 20);
  LoopThread loops[2];
  std::deque<Follower> followers;
  for (int i = 0; i < 6; ++i) {
    Follower& follower = followers.emplace_back(Follower{chunk, loops[i % 2]});
    follower.loop.post([&follower] { follower.follow(); });
  }
  for (std::size_t at = 0; at < bytes.size(); at += 900) {
    append(chunk, std::string_view(bytes).substr(at, 900));
  }
  chunk->finish();
  for (Follower& follower : followers) {
    follower.done.get_future().wait();
    EXPECT_EQ(follower.bytes, bytes);
  }
}

TEST_F(ChunkTest, DisksOnOtherThreadsFillItOnce) {
  const std::string bytes = body(16 * kBlock);
  const auto chunk = partial(16 * kBlock);
  {
    std::vector<std::jthread> disks;
    for (unsigned i = 0; i < 3; ++i) {
      disks.emplace_back([&, chunk] {
        for (std::uint32_t index = 0; index < 16; ++index) {
          chunk->add_block(index, block_of(std::string_view(bytes).substr(index * kBlock, kBlock)));
        }
      });
    }
  }
  EXPECT_EQ(chunk->phase(), Phase::kWhole);
  EXPECT_EQ(all_of(*chunk), bytes);
  EXPECT_EQ(arena.used(), 1_MiB);
}

TEST_F(ChunkTest, RemembersItsDiskPlace) {
  const auto chunk = partial(1);
  EXPECT_EQ(chunk->disk_place().epoch, 0U);
  chunk->set_disk_place({7, 8, 9});
  EXPECT_EQ(chunk->disk_place().region, 7U);
  EXPECT_EQ(chunk->disk_place().offset, 9U);
}

}  // namespace
}  // namespace cache
