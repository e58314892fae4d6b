// The disk tier on real threads: fills, reads, purges, touches and reclaim at once, for the thread
// sanitizer to watch. The oracle is the same as everywhere: never a wrong byte, never a purged one.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "tests/cache/disk_fixture.h"

namespace cache {
namespace {

// Some threads that share one queue.
class Threads final : public base::Executor {
 public:
  explicit Threads(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back("test", [this] { work(); });
  }
  ~Threads() override {
    {
      const base::MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    threads_.clear();
  }
  void post(Task task) override {
    const base::MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      Task task;
      {
        const base::MutexLock lock(mutex_);
        while (tasks_.empty() && !stopping_) changed_.wait(mutex_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  base::Mutex mutex_;
  base::Condition changed_;
  std::deque<Task> tasks_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<base::Thread> threads_;
};

constexpr std::uint64_t kLength = 100'000;

base::Ref<Object> object_of(DiskTier& tier, const PurgeTable& purges, std::uint64_t number) {
  ObjectHead head;
  head.key_text = "video\n/" + std::to_string(number % 300);
  head.key = key_of(head.key_text, tier.seed());
  head.version = {number + 1, number + 1};
  head.etag = "\"e\"";
  head.length = kLength;
  head.chunk_size = 128 * 1024;
  head.number = number + 1;
  head.purge_sequence = purges.sequence();
  return base::make_ref<Object>(std::move(head));
}

TEST(DiskThreads, FillsReadsPurgesAndReclaimGoOnTogether) {
  const DiskDirectory directory;
  const auto files = make_posix_file_system();
  const base::SystemClock clock;
  base::Metrics metrics;
  Arena arena(base::Bytes(64u << 20));
  MemoryTier memory(arena, {}, nullptr);
  Threads readers(2), writer(1), index(1);
  std::unique_ptr<PurgeTable> purges;
  auto options = Disk::small(directory.path());
  options.size_max = base::Bytes(8u << 20);
  options.region_size = base::Bytes(512u << 10);
  auto opened = DiskTier::open(options,
                               {.files = *files,
                                .clock = clock,
                                .metrics = metrics,
                                .memory = memory,
                                .readers = readers,
                                .writer = writer,
                                .index = index},
                               purges);
  ASSERT_TRUE(opened) << opened.error().context;
  DiskTier& tier = **opened;

  std::atomic<std::uint64_t> wrong{0}, right{0}, called{0}, asked{0};
  const auto check = [&](const base::Ref<Object>& object) {
    if (purges->check(*object) == PurgeVerdict::kHard) return;
    auto chunk =
        base::make_ref<Chunk>(ChunkKey{object->version(), 0}, kLength, Chunk::Phase::kPartial);
    ++asked;
    tier.read(chunk, 0, Chunk::kBlocksMax, [&, chunk, object](base::Result<void> read) {
      ++called;
      if (!read) return;
      const std::string expected = body_of(std::to_string(object->version().low), kLength);
      (Disk::bytes_of(*chunk) == expected ? right : wrong) += 1;
      tier.touch(chunk->disk_place());
    });
  };
  const auto client = [&](std::uint64_t from) {
    for (std::uint64_t i = 0; i < 150; ++i) {
      const auto object = object_of(tier, *purges, from + 2 * i);
      auto chunk =
          base::make_ref<Chunk>(ChunkKey{object->version(), 0}, kLength, Chunk::Phase::kGrowing);
      const std::string body = body_of(std::to_string(object->version().low), kLength);
      chunk->append(body, [&](std::size_t bytes) { return memory.allocate(bytes); });
      if (chunk->appended() < kLength) continue;
      chunk->finish();
      ++asked;
      tier.write(object, std::move(chunk), [&](auto) { ++called; });
      const std::string text = "video\n/" + std::to_string((from + i * 7) % 300);
      ++asked;
      tier.find(key_of(text, tier.seed()), text, [&](auto found) {
        if (found) check(base::Ref<Object>(static_cast<Object*>(found->get())));
        ++called;
      });
      if (i % 25 == 7) {
        ++asked;
        tier.purge({.text = text}, [&](auto) { ++called; });
      }
      (void)tier.stats();
    }
  };
  // Until more has come than fits: what is dropped meanwhile is up to the machine.
  const base::Counter& reclaimed = metrics.counter("headrace_cache_disk_reclaimed_total", "");
  for (std::uint64_t round = 0; round < 100 && reclaimed.value() == 0; ++round) {
    const base::Thread one("client", [&] { client(300 * round); });
    const base::Thread two("client", [&] { client(300 * round + 1); });
  }
  // Every call is answered; close() waits for what runs, and refuses the rest.
  tier.close();
  EXPECT_EQ(called, asked);
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(right, 0U);
  EXPECT_EQ(tier.stats().corrupt, 0U);
  EXPECT_GT(reclaimed.value(), 0U);
}

}  // namespace
}  // namespace cache
