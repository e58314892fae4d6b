#include "base/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace base {
namespace {

constexpr std::array kTaken{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

}  // namespace

Signals::Signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : kTaken) sigaddset(&taken, signal);
  CHECK(pthread_sigmask(SIG_BLOCK, &taken, nullptr) == 0);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  CHECK(sigaction(SIGPIPE, &ignore, nullptr) == 0);
  signals_.reset(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  stop_.reset(eventfd(0, EFD_CLOEXEC));
  CHECK(signals_ && stop_);
}

void Signals::start(Executor& executor, Handler handler) {
  thread_ = Thread("signals", [this, &executor, handler = std::move(handler)] {
    std::array<pollfd, 2> polled{{{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    for (;;) {
      ::poll(polled.data(), polled.size(), -1);
      if (polled[1].revents != 0) return;
      signalfd_siginfo info{};
      if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
      executor.post([handler, signal = static_cast<int>(info.ssi_signo)] { handler(signal); });
    }
  });
}

Signals::~Signals() {
  const std::uint64_t one = 1;
  CHECK(::write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

}  // namespace base
