// What a decoder that was taken over would try. Each tells how it went: "EPERM", or "it worked".
#include "tests/worker/forbidden_deeds.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "worker/sandbox/confine.h"

namespace worker::sandbox {
namespace {

std::string tell(long answer) {
  return answer < 0 ? std::string(::strerrorname_np(errno)) : "it worked";
}

std::string open_path(const char* path, int flags) { return tell(::open(path, flags, 0600)); }

std::string fork_once() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  return tell(pid);
}

// A thread in all but the flag that makes it one.
std::string clone_process(unsigned long flags) {
  const long pid = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  return tell(pid);
}

std::string map_executable() {
  void* const data = ::mmap(nullptr, 4'096, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return tell(data == MAP_FAILED ? -1 : 0);
}

std::string make_executable() {
  void* const data =
      ::mmap(nullptr, 4'096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return "no memory";
  return tell(::mprotect(data, 4'096, PROT_READ | PROT_EXEC));
}

std::string raise_limit() {
  const rlimit more{.rlim_cur = 1'024, .rlim_max = 1'024};
  return tell(::setrlimit(RLIMIT_NOFILE, &more));
}

std::string send_descriptor() {
  char byte = 'x';
  iovec piece{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &kStandardError, sizeof(int));
  return tell(::sendmsg(kChannel, &message, 0));
}

std::string exec() {
  const std::array<char*, 2> none{const_cast<char*>("true"), nullptr};
  return tell(::execv("/bin/true", none.data()));
}

std::string read_other() {
  char byte = 0;
  const iovec local{.iov_base = &byte, .iov_len = 1};
  const iovec remote{.iov_base = &byte, .iov_len = 1};
  return tell(::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0));
}

// By the numbers of the 32-bit interface, where 1 is exit and 4 is write.
std::string call_by_32_bit() {
#ifdef __x86_64__
  long answer = 20;  // getpid.
  asm volatile("int $0x80" : "+a"(answer) : : "memory");
  errno = static_cast<int>(-answer);
  return answer < 0 ? tell(-1) : "it worked";
#else
  return "EPERM";
#endif
}

}  // namespace

const ForbiddenDeeds& forbidden_deeds() {
  static const ForbiddenDeeds all{
      {"open-etc-passwd", [] { return open_path("/etc/passwd", O_RDONLY); }},
      {"open-proc-self-mem", [] { return open_path("/proc/self/mem", O_RDWR); }},
      {"open-proc-self-environ", [] { return open_path("/proc/self/environ", O_RDONLY); }},
      {"open-own-binary", [] { return open_path("/proc/self/exe", O_RDONLY); }},
      {"create-file", [] { return open_path("/tmp/headrace-escaped", O_WRONLY | O_CREAT); }},
      {"list-directory", [] { return tell(::opendir("/") == nullptr ? -1 : 0); }},
      {"stat-file",
       [] {
         struct stat about{};
         return tell(::stat("/etc/passwd", &about));
       }},
      {"make-directory", [] { return tell(::mkdir("/tmp/headrace-escaped", 0700)); }},
      {"remove-file", [] { return tell(::unlink("/tmp/headrace-none")); }},
      {"rename-file", [] { return tell(::rename("/tmp/headrace-none", "/tmp/headrace-other")); }},
      {"read-link",
       [] {
         std::array<char, 64> target{};
         return tell(::readlink("/proc/self/exe", target.data(), target.size()));
       }},
      {"memory-file", [] { return tell(::memfd_create("escaped", 0)); }},
      {"make-pipe",
       [] {
         std::array<int, 2> ends{};
         return tell(::pipe(ends.data()));
       }},
      {"duplicate-descriptor", [] { return tell(::dup(kStandardError)); }},
      {"send-descriptor", send_descriptor},
      {"fork", fork_once},
      {"vfork",
       [] { return tell(::syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)); }},
      {"clone-namespace", [] { return clone_process(CLONE_NEWUSER | SIGCHLD); }},
      {"map-executable", map_executable},
      {"make-executable", make_executable},
      {"signal-parent", [] { return tell(::kill(::getppid(), SIGUSR1)); }},
      {"signal-all", [] { return tell(::kill(-1, SIGUSR1)); }},
      // Of a process that is not there: the kernel would say ESRCH.
      {"signal-other-thread",
       [] { return tell(::syscall(SYS_tgkill, 0x3fffffff, 0x3fffffff, SIGUSR1)); }},
      {"raise-limit", raise_limit},
      {"become-dumpable", [] { return tell(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
      {"terminal-control", [] { return tell(::ioctl(0, TIOCSTI, "x")); }},
      {"change-owner", [] { return tell(::setuid(1)); }},
      {"become-session-leader", [] { return tell(::setsid()); }},
      {"higher-priority", [] { return tell(::setpriority(PRIO_PROCESS, 0, -5)); }},
  };
  return all;
}

const ForbiddenDeeds& deadly_deeds() {
  static const ForbiddenDeeds all{
      {"socket-inet", [] { return tell(::socket(AF_INET, SOCK_STREAM, 0)); }},
      {"socket-unix", [] { return tell(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
      {"socket-netlink", [] { return tell(::socket(AF_NETLINK, SOCK_RAW, 0)); }},
      {"connect", [] { return tell(::connect(kChannel, nullptr, 0)); }},
      {"exec", exec},
      {"ptrace", [] { return tell(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr)); }},
      {"read-other-process", read_other},
      {"unshare", [] { return tell(::unshare(CLONE_NEWUSER)); }},
      {"io-uring", [] { return tell(::syscall(SYS_io_uring_setup, 1, nullptr)); }},
      {"bpf", [] { return tell(::syscall(SYS_bpf, 0, nullptr, 0)); }},
      {"32-bit-call", call_by_32_bit},
  };
  return all;
}

}  // namespace worker::sandbox
