#include "base/thread.h"

#include <pthread.h>
#include <signal.h>

#include <string>
#include <utility>

namespace base {

Thread::Thread(std::string_view name, std::move_only_function<void()> body) {
  // A thread inherits the mask of the one that makes it: set before, so that there is no moment
  // in which it could take a signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  constexpr std::size_t kNameMax = 15;  // pthread_setname_np(3).
  thread_ = std::jthread(
      [name = std::string(name.substr(0, kNameMax)), body = std::move(body)]() mutable {
        pthread_setname_np(pthread_self(), name.c_str());
        body();
      });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Thread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace base
