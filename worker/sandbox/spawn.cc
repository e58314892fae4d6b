#include "worker/sandbox/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace worker::sandbox {
namespace {

constexpr int kNotRun = 127;
// By syscall(): glibc 2.36 declares its pidfd functions without extern "C".

std::chrono::microseconds time_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (std::string& string : strings) list.push_back(string.data());
  list.push_back(nullptr);
  return list;
}

// What the new process does until exec. All it needs was allocated before the fork.
[[noreturn]] void become(const char* executable, char* const* arguments, char* const* environment,
                         std::span<const int> descriptors, std::span<int> moved, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(kNotRun);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  // Out of the way first: one of them may have the number that another is to get.
  const int count = static_cast<int>(descriptors.size());
  for (int i = 0; i < count; ++i) {
    moved[i] = ::fcntl(descriptors[i], F_DUPFD, count);
    if (moved[i] < 0) ::_exit(kNotRun);
  }
  for (int i = 0; i < count; ++i) {
    if (::dup2(moved[i], i) < 0) ::_exit(kNotRun);
  }
  if (::close_range(static_cast<unsigned>(count), ~0U, 0) != 0) ::_exit(kNotRun);
  ::execve(executable, arguments, environment);
  ::_exit(kNotRun);
}

}  // namespace

base::Result<Spawned> spawn(const std::string& executable, std::vector<std::string> arguments,
                            std::vector<std::string> environment,
                            std::span<const int> descriptors) {
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  std::vector<int> moved(descriptors.size());
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return base::fail(base::ErrorCode::kIo, std::string("fork: ") + std::strerror(errno));
  }
  if (pid == 0) become(executable.c_str(), argv.data(), envp.data(), descriptors, moved, parent);
  ::setpgid(pid, pid);
  // Not yet waited for, so the number is still its own.
  base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const std::string reason = std::strerror(errno);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::fail(base::ErrorCode::kIo, "pidfd_open: " + reason);
  }
  return Spawned{pid, std::move(pidfd)};
}

void kill(const Spawned& child) {
  ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0);
}

Ending wait_for(const Spawned& child) {
  siginfo_t info{};
  rusage used{};
  // The call itself, because glibc's waitid() leaves out the usage.
  while (::syscall(SYS_waitid, P_PIDFD, child.pidfd.get(), &info, WEXITED, &used) != 0) {
    CHECK(errno == EINTR);
  }
  const auto cpu = time_of(used.ru_utime) + time_of(used.ru_stime);
  return {
      .by_signal = info.si_code != CLD_EXITED,
      .code = info.si_status,
      .usage = {.cpu_time = std::chrono::duration_cast<std::chrono::milliseconds>(cpu),
                .memory_peak = base::Bytes(static_cast<std::uint64_t>(used.ru_maxrss) * 1'024)}};
}

}  // namespace worker::sandbox
