#include "worker/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace worker::sandbox {
namespace {

// Whatever their arguments. Taken from traces of libavcodec and x264 with threads, and from what
// glibc does in malloc, stdio, pthreads and abort().
constexpr std::array kAllowed = {
    // Bytes, on descriptors that are open. Which those are is confine()'s business.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Threads.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    // Signals to itself.
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    // Time and chance.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
    // qsort() asks how much memory there is and does not look whether it got an answer.
    SCMP_SYS(sysinfo), SCMP_SYS(getrusage)};

constexpr std::array kDeadly = {SCMP_SYS(execve),
                                SCMP_SYS(execveat),
                                SCMP_SYS(socket),
                                SCMP_SYS(socketpair),
                                SCMP_SYS(connect),
                                SCMP_SYS(bind),
                                SCMP_SYS(listen),
                                SCMP_SYS(accept),
                                SCMP_SYS(accept4),
                                SCMP_SYS(ptrace),
                                SCMP_SYS(process_vm_readv),
                                SCMP_SYS(process_vm_writev),
                                SCMP_SYS(process_madvise),
                                SCMP_SYS(kcmp),
                                SCMP_SYS(pidfd_open),
                                SCMP_SYS(pidfd_getfd),
                                SCMP_SYS(pidfd_send_signal),
                                SCMP_SYS(unshare),
                                SCMP_SYS(setns),
                                SCMP_SYS(mount),
                                SCMP_SYS(umount2),
                                SCMP_SYS(pivot_root),
                                SCMP_SYS(chroot),
                                SCMP_SYS(move_mount),
                                SCMP_SYS(open_tree),
                                SCMP_SYS(fsopen),
                                SCMP_SYS(bpf),
                                SCMP_SYS(perf_event_open),
                                SCMP_SYS(userfaultfd),
                                SCMP_SYS(io_uring_setup),
                                SCMP_SYS(io_uring_enter),
                                SCMP_SYS(io_uring_register),
                                SCMP_SYS(keyctl),
                                SCMP_SYS(add_key),
                                SCMP_SYS(request_key),
                                SCMP_SYS(init_module),
                                SCMP_SYS(finit_module),
                                SCMP_SYS(delete_module),
                                SCMP_SYS(kexec_load)};

// What glibc's pthread_create passes, no more and no less: a thread and nothing that could be told
// apart from one. A fork, or a clone that shares less, has other flags.
constexpr unsigned kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |
                                  CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |
                                  CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

base::Result<void> failed(const char* step, int code) {
  const auto kind = code == -EINVAL || code == -ENOSYS || code == -ECANCELED
                        ? base::ErrorCode::kUnsupported
                        : base::ErrorCode::kIo;
  return base::fail(kind, std::string("seccomp: ") + step + ": " + std::strerror(-code));
}

// Adds rules until one fails; the first failure is what is reported.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void add(std::uint32_t action, int call) {
    keep(seccomp_rule_add_array(filter_, action, call, 0, nullptr));
  }
  template <std::size_t N>
  void allow_if(int call, const std::array<scmp_arg_cmp, N>& conditions) {
    keep(seccomp_rule_add_array(filter_, SCMP_ACT_ALLOW, call, N, conditions.data()));
  }
  [[nodiscard]] int first_failure() const { return first_failure_; }

 private:
  void keep(int code) {
    if (first_failure_ == 0) first_failure_ = code;
  }

  scmp_filter_ctx filter_;
  int first_failure_ = 0;
};

scmp_arg_cmp equal(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp clear(unsigned argument, scmp_datum_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}

void add_conditions(Rules& rules, int channel) {
  // Memory is never executable: code from a file's bytes must not run. FFmpeg and x264 bring their
  // assembly with them; swscale's one run-time generator is chosen by SWS_FAST_BILINEAR only.
  rules.allow_if<1>(SCMP_SYS(mmap), {clear(2, PROT_EXEC)});
  rules.allow_if<1>(SCMP_SYS(mprotect), {clear(2, PROT_EXEC)});
  rules.allow_if<1>(SCMP_SYS(clone), {equal(0, kThreadFlags)});
  // raise() and abort(); no other process.
  rules.allow_if<1>(SCMP_SYS(tgkill), {equal(0, static_cast<scmp_datum_t>(::getpid()))});
  // Without an address, without descriptors riding along (that would be sendmsg).
  const auto fd = static_cast<scmp_datum_t>(channel);
  rules.allow_if<2>(SCMP_SYS(sendto), {equal(0, fd), equal(4, 0)});
  rules.allow_if<2>(SCMP_SYS(recvfrom), {equal(0, fd), equal(4, 0)});
  // Threads' names; limits may be read, not set.
  rules.allow_if<1>(SCMP_SYS(prctl), {equal(0, PR_SET_NAME)});
  rules.allow_if<2>(SCMP_SYS(prlimit64), {equal(0, 0), equal(2, 0)});
  rules.allow_if<1>(SCMP_SYS(fcntl), {equal(1, F_GETFL)});
}

}  // namespace

base::Result<void> filter_syscalls(int channel) {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(
      seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (!filter) return failed("no memory for the filter", -ENOMEM);
  // 32-bit and x32 calls have other numbers, and are nothing we make.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (const int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); code != 0) {
    return failed("for all threads", code);
  }
  Rules rules(filter.get());
  for (const int call : kAllowed) rules.add(SCMP_ACT_ALLOW, call);
  for (const int call : kDeadly) rules.add(SCMP_ACT_KILL_PROCESS, call);
  rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  add_conditions(rules, channel);
  if (rules.first_failure() != 0) return failed("rule", rules.first_failure());
  if (const int code = seccomp_load(filter.get()); code != 0) return failed("load", code);
  return {};
}

}  // namespace worker::sandbox
