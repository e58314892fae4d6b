#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <string>

namespace base {
namespace {

TEST(Thread, CarriesItsNameCutToWhatTheKernelKeeps) {
  std::array<char, 16> name{};
  Thread thread("disk-writer-with-a-long-name",
                [&name] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  thread.join();
  EXPECT_STREQ(name.data(), "disk-writer-wit");
}

TEST(Thread, TakesNoSignalsAndLeavesTheMakersMask) {
  bool is_blocked = false;
  Thread("mask", [&is_blocked] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    is_blocked = sigismember(&mask, SIGUSR1) == 1;
  });
  EXPECT_TRUE(is_blocked);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGUSR1), 0);
}

TEST(Thread, IsJoinedWhenItsObjectGoesAway) {
  int steps = 0;
  {
    const Thread thread("steps", [&steps] { steps = 3; });
  }
  EXPECT_EQ(steps, 3);
  Thread().join();
}

}  // namespace
}  // namespace base
