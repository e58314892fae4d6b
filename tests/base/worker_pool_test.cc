#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace base {
namespace {

TEST(WorkerPool, OneThreadRunsTasksInTheOrderPosted) {
  std::vector<int> ran;
  {
    WorkerPool pool("one", 1);
    for (int i = 0; i < 100; ++i) pool.post([&ran, i] { ran.push_back(i); });
  }
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(WorkerPool, ManyThreadsRunEveryTaskOnce) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool("many", 4);
    for (int i = 0; i < 1'000; ++i) pool.post([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 1'000);
}

TEST(WorkerPool, ATaskMayPostAnother) {
  std::atomic<bool> ran = false;
  {
    WorkerPool pool("again", 1);
    pool.post([&] { pool.post([&] { ran = true; }); });
  }
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace base
