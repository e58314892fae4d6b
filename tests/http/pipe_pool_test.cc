#include "http/pipe_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace http {
namespace {

TEST(PipePool, GivesAPipeThatHoldsTwoBatches) {
  PipePool pool;
  const auto pipe = pool.take();
  ASSERT_TRUE(pipe);
  const int size = ::fcntl(pipe->in.get(), F_GETPIPE_SZ);
  EXPECT_GE(size, static_cast<int>(PipePool::kPipeBytesMin));
  // Neither end blocks a loop.
  char byte = 0;
  EXPECT_EQ(::read(pipe->out.get(), &byte, 1), -1);
}

TEST(PipePool, KeepsAnEmptyPipeAndClosesOneThatIsNot) {
  PipePool pool;
  auto first = pool.take();
  ASSERT_TRUE(first);
  const int fd = first->in.get();
  pool.give_back(std::move(*first));
  auto again = pool.take();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->in.get(), fd);
  ASSERT_EQ(::write(fd, "left", 4), 4);
  pool.drop(std::move(*again));
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "what is in a dropped pipe must not reach another client";
}

TEST(PipePool, GivesNoMoreThanItsMost) {
  PipePool pool;
  std::vector<PipePool::Pipe> taken;
  for (std::size_t i = 0; i < PipePool::kPipesMax; ++i) {
    auto pipe = pool.take();
    if (!pipe) GTEST_SKIP() << "this user may not have so many pipe pages";
    taken.push_back(std::move(*pipe));
  }
  EXPECT_FALSE(pool.take());
  pool.give_back(std::move(taken.back()));
  EXPECT_TRUE(pool.take());
}

TEST(PipePool, SparesItselfTheAskingWhileTheSystemGivesNone) {
  PipePool pool;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_FALSE(pool.take());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (std::size_t i = 0; i < PipePool::kAsksSpared; ++i) ASSERT_FALSE(pool.take());
  EXPECT_TRUE(pool.take());
}

}  // namespace
}  // namespace http
