#include "http/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace http {
namespace {

using namespace std::chrono_literals;

TEST(EventLoop, runs_posted_tasks_in_order_and_returns_on_stop) {
  EventLoop loop;
  std::string order;
  loop.post([&] { order += 'a'; });
  loop.post([&] {
    order += 'b';
    loop.post([&] {
      order += 'd';
      loop.stop();
    });
  });
  loop.post([&] { order += 'c'; });
  loop.run();
  EXPECT_EQ(order, "abcd");
}

TEST(EventLoop, takes_tasks_from_other_threads) {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 500;
  int ran = 0;
  std::vector<std::thread> senders;
  for (int i = 0; i < kThreads; ++i) {
    senders.emplace_back([&] {
      for (int n = 0; n < kTasks; ++n) {
        loop.post([&] {
          EXPECT_TRUE(loop.in_loop_thread());
          if (++ran == kThreads * kTasks) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(ran, kThreads * kTasks);
}

TEST(EventLoop, stops_even_when_stop_comes_before_run) {
  EventLoop loop;
  std::thread([&] { loop.stop(); }).join();
  loop.run();
}

TEST(EventLoop, destroys_tasks_queued_at_stop_without_running_them) {
  EventLoop loop;
  auto held = std::make_shared<int>(1);
  bool ran = false;
  loop.post([&] { loop.stop(); });
  loop.post([&ran, held] { ran = true; });
  loop.run();
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, runs_again_after_a_stop) {
  EventLoop loop;
  int runs = 0;
  for (int i = 0; i < 2; ++i) {
    loop.post([&] {
      ++runs;
      loop.stop();
    });
    loop.run();
  }
  EXPECT_EQ(runs, 2);
}

TEST(EventLoop, defers_until_the_current_callback_is_over) {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    loop.defer([&] {
      order += "deferred ";
      loop.defer([&] {
        order += "deferred-again";
        loop.stop();
      });
    });
    order += "caller ";
  });
  loop.run();
  EXPECT_EQ(order, "caller deferred deferred-again");
}

TEST(EventLoop, keeps_one_time_through_a_round_and_follows_the_clock_given) {
  base::ManualClock clock;
  EventLoop loop(clock);
  const base::MonoTime start = loop.now();
  clock.advance(5ms);
  EXPECT_EQ(loop.now() - start, 5ms);  // Not running: no round.
  loop.post([&] {
    const base::MonoTime before = loop.now();
    clock.advance(7ms);
    EXPECT_EQ(loop.now(), before);
    loop.post([&loop, before] {
      EXPECT_EQ(loop.now() - before, 7ms);
      loop.stop();
    });
  });
  loop.run();
}

TEST(Timer, fires_once_each_time_it_is_armed) {
  EventLoop loop;
  int fired = 0;
  Timer timer(loop, [&] {
    ++fired;
    if (fired == 2) {
      loop.stop();
    } else {
      timer.arm(1us);
    }
  });
  EXPECT_FALSE(timer.armed());
  timer.arm(1us);
  EXPECT_TRUE(timer.armed());
  loop.run();
  EXPECT_EQ(fired, 2);
  EXPECT_FALSE(timer.armed());
}

TEST(Timer, does_not_fire_after_disarm) {
  EventLoop loop;
  bool fired = false;
  Timer disarmed(loop, [&] { fired = true; });
  Timer last(loop, [&] { loop.stop(); });
  disarmed.arm(1us);
  disarmed.disarm();
  last.arm(2ms);
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(Timer, may_be_destroyed_by_its_own_callback) {
  EventLoop loop;
  std::optional<Timer> timer;
  const std::string text(100, 'x');
  timer.emplace(loop, [&, text] {
    timer.reset();
    EXPECT_EQ(text.size(), 100U);  // The running function is still there.
    loop.stop();
  });
  timer->arm(0us);
  loop.run();
}

class IoTest : public testing::Test {
 protected:
  IoTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_), 0); }
  ~IoTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  EventLoop loop_;
  int ends_[2] = {-1, -1};
};

TEST_F(IoTest, tells_what_the_descriptor_is_ready_for) {
  std::string seen;
  Io io(loop_, ends_[0], [&](bool readable, bool writable) {
    seen += readable ? 'r' : '-';
    seen += writable ? 'w' : '-';
    if (seen == "-w") {
      ASSERT_EQ(write(ends_[1], "x", 1), 1);
      io.want(true, false);
    } else {
      loop_.stop();
    }
  });
  io.want(false, true);
  loop_.run();
  EXPECT_EQ(seen, "-wr-");
}

TEST_F(IoTest, is_level_triggered) {
  int calls = 0;
  ASSERT_EQ(write(ends_[1], "x", 1), 1);
  Io io(loop_, ends_[0], [&](bool, bool) {
    if (++calls == 3) loop_.stop();
  });
  io.want(true, false);
  loop_.run();
  EXPECT_EQ(calls, 3);
}

TEST_F(IoTest, may_be_destroyed_by_its_own_callback) {
  std::optional<Io> io;
  io.emplace(loop_, ends_[0], [&](bool, bool) {
    io.reset();
    loop_.stop();
  });
  io->want(false, true);
  loop_.run();
  EXPECT_FALSE(io.has_value());
}

}  // namespace
}  // namespace http
