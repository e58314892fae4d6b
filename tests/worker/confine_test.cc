// Inside the sandbox: what must work works, what must not does not.
#include "worker/sandbox/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "tests/worker/child_fixture.h"
#include "tests/worker/forbidden_deeds.h"
#include "worker/sandbox/landlock.h"

namespace worker::sandbox {
namespace {

class ForbiddenDeed : public testing::TestWithParam<std::string> {};

TEST_P(ForbiddenDeed, IsRefused) {
  const Exit exit = run(GetParam());
  EXPECT_EQ(exit.kind, Exit::Kind::kOk) << exit.detail;
  EXPECT_EQ(exit.result, "EPERM");
}

class DeadlyDeed : public testing::TestWithParam<std::string> {};

TEST_P(DeadlyDeed, EndsTheProcess) {
  const Exit exit = run(GetParam());
  EXPECT_EQ(exit.kind, Exit::Kind::kCrashed) << exit.result;
  EXPECT_EQ(exit.signal, SIGSYS) << exit.detail;
}

std::vector<std::string> names(const ForbiddenDeeds& deeds) {
  std::vector<std::string> names;
  for (const auto& [name, deed] : deeds) names.push_back(name);
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Sandbox, ForbiddenDeed, testing::ValuesIn(names(forbidden_deeds())),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Sandbox, DeadlyDeed, testing::ValuesIn(names(deadly_deeds())), test_name);

TEST(Sandbox, HasItsRequiredProtectionsHere) {
  const Exit exit = run("echo");
  EXPECT_EQ(exit.kind, Exit::Kind::kOk) << exit.detail;
  EXPECT_TRUE(Protections::required().without(exit.in_force).empty()) << exit.in_force.to_string();
}

TEST(Sandbox, LetsThreadsAndMallocWork) {
  const Exit exit = run("threads");
  EXPECT_EQ(exit.kind, Exit::Kind::kOk) << exit.detail << exit.standard_error;
  EXPECT_EQ(exit.result, "8");
}

TEST(Sandbox, HasNoClone3) { EXPECT_EQ(run("clone3").result, "ENOSYS"); }

TEST(Sandbox, InheritsNothingOfTheParentsEnvironment) {
  ::setenv("HEADRACE_TOKEN", "secret", 1);
  const Exit exit = run("environment");
  ::unsetenv("HEADRACE_TOKEN");
  EXPECT_NE(exit.result.find("LC_ALL=C"), std::string::npos);
  EXPECT_EQ(exit.result.find("secret"), std::string::npos);
  EXPECT_EQ(exit.result.find("PATH"), std::string::npos);
}

// Runs `attempt` in a process of its own; its errno, 0 for none.
template <class Attempt>
int errno_of(Attempt attempt) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    errno = 0;
    ::_exit(attempt() < 0 ? errno : 0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// On its own, without the filter in front of it.
TEST(Landlock, DeniesPathsAndLeavesDescriptors) {
  EXPECT_EQ(errno_of([] {
              ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              if (!deny_all_paths()) ::_exit(99);
              return ::open("/etc/passwd", O_RDONLY);
            }),
            EACCES);
  EXPECT_EQ(errno_of([] {
              ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              if (!deny_all_paths()) ::_exit(99);
              return ::open("/tmp/headrace-escaped", O_WRONLY | O_CREAT, 0600);
            }),
            EACCES);
  EXPECT_EQ(errno_of([] {
              const int fd = ::open("/etc/passwd", O_RDONLY);
              ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              if (!deny_all_paths()) ::_exit(99);
              char byte = 0;
              return static_cast<int>(::read(fd, &byte, 1));
            }),
            0);
}

TEST(Protections, NameThemselvesAndWhatIsMissing) {
  EXPECT_EQ(Protections().to_string(), "none");
  const Protections some{Protection::kLandlock, Protection::kLimits};
  EXPECT_EQ(some.to_string(), "limits, landlock");
  EXPECT_EQ(some.without({Protection::kLimits}).to_string(), "landlock");
  EXPECT_EQ(Protections::from_bits(~0U), Protections::all());
}

}  // namespace
}  // namespace worker::sandbox
