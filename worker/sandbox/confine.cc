#include "worker/sandbox/confine.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "worker/sandbox/landlock.h"
#include "worker/sandbox/syscall_filter.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEADRACE_SHADOW_MEMORY
#endif
#if __has_feature(thread_sanitizer)
#define HEADRACE_BACKGROUND_THREAD  // The sanitizer's own.
#endif
#endif

namespace worker::sandbox {
namespace {

std::unexpected<base::Error> failed(const char* step) {
  return base::fail(base::ErrorCode::kDenied,
                    std::string("sandbox: ") + step + ": " + std::strerror(errno));
}

// Of this process; a directory's links are its entries and itself, twice.
[[maybe_unused]] std::size_t count_threads() {
  struct stat tasks{};
  return ::stat("/proc/self/task", &tasks) == 0 ? tasks.st_nlink - 2 : 1;
}

// In its own user namespace it is nobody, and may have an empty network without being root.
void leave_namespaces(Protections& in_force) {
  constexpr int kOthers = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (::unshare(CLONE_NEWUSER | kOthers) == 0) {
    in_force.add(Protection::kUserNamespace);
    in_force.add(Protection::kNetworkNamespace);
  } else if (::unshare(kOthers) == 0) {  // Root, where user namespaces are switched off.
    in_force.add(Protection::kNetworkNamespace);
  }
}

// A user namespace gives its first process every capability inside it: those go too.
bool drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
         ::syscall(SYS_capset, &header, none.data()) == 0;
}

bool set_limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
  return ::setrlimit(resource, &limit) == 0;
}

bool set_limits(const Limits& limits, Protections in_force) {
  const auto cpu = static_cast<rlim_t>(limits.cpu_time.count());
  bool ok = set_limit(RLIMIT_CORE, 0, 0) && set_limit(RLIMIT_FSIZE, 0, 0) &&
            set_limit(RLIMIT_MEMLOCK, 0, 0) &&
            set_limit(RLIMIT_NOFILE, kDescriptors, kDescriptors) &&
            // SIGXCPU at the limit; SIGKILL a second later, should the decoder have caught that.
            set_limit(RLIMIT_CPU, cpu, cpu + 1);
#ifndef HEADRACE_SHADOW_MEMORY
  const rlim_t space = limits.address_space.count();
  ok = ok && set_limit(RLIMIT_AS, space, space);
#endif
  // Elsewhere it would count every process of the worker's user, its other children included.
  if (in_force.has(Protection::kUserNamespace)) {
    ok = ok && set_limit(RLIMIT_NPROC, limits.threads, limits.threads);
  }
  return ok;
}

}  // namespace

base::Result<Protections> confine(const Limits& limits, pid_t parent) {
#ifndef HEADRACE_BACKGROUND_THREAD
  if (count_threads() > 1) {
    return base::fail(base::ErrorCode::kDenied, "sandbox: entered with more than one thread");
  }
#endif
  Protections in_force;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  in_force.add(Protection::kNoNewPrivileges);

  if (::close_range(kDescriptors, ~0U, 0) != 0) return failed("close_range");
  in_force.add(Protection::kDescriptors);

  leave_namespaces(in_force);
  if (drop_capabilities()) in_force.add(Protection::kNoCapabilities);
  // Others of this user can't look into it, nor it into its own /proc.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("dumpable");
  // Set when it was started, but a change of credentials takes it back. A parent that died before
  // this line sends no signal any more.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failed("death signal");
  if (::getppid() != parent) return base::fail(base::ErrorCode::kAborted, "sandbox: no parent");

  if (deny_all_paths()) in_force.add(Protection::kLandlock);
  if (!set_limits(limits, in_force)) return failed("limits");
  in_force.add(Protection::kLimits);

  if (filter_syscalls(kChannel)) in_force.add(Protection::kSyscallFilter);
  return in_force;
}

}  // namespace worker::sandbox
