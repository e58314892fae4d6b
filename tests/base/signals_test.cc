#include "base/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/mutex.h"

namespace base {
namespace {

// Runs what it is given at once and lets the test wait for how much that was.
class Mailbox final : public Executor {
 public:
  void post(Task task) override {
    const MutexLock lock(mutex_);
    task();
    ++delivered_;
    changed_.notify_all();
  }

  void wait_for(int messages) {
    const MutexLock lock(mutex_);
    while (delivered_ < messages) changed_.wait(mutex_);
  }

 private:
  Mutex mutex_;
  Condition changed_;
  int delivered_ GUARDED_BY(mutex_) = 0;
};

TEST(Signals, ArriveAsMessagesAndEndNothing) {
  Mailbox mailbox;
  std::vector<int> received;
  {
    Signals signals;
    ::kill(::getpid(), SIGQUIT);  // Before start(): kept until then.
    signals.start(mailbox, [&received](int signal) { received.push_back(signal); });
    mailbox.wait_for(1);
    ::kill(::getpid(), SIGHUP);
    mailbox.wait_for(2);
    ::kill(::getpid(), SIGTERM);
    mailbox.wait_for(3);
  }
  EXPECT_EQ(received, (std::vector<int>{SIGQUIT, SIGHUP, SIGTERM}));
}

TEST(Signals, AClosedPeerIsAnErrorAndNotASignal) {
  const Signals signals;
  std::array<int, 2> ends;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

}  // namespace
}  // namespace base
