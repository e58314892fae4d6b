#include "worker/sandbox_trial.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/worker/deeds.h"

namespace worker {
namespace {

using sandbox::Protection;
using sandbox::Protections;

std::vector<std::string> child(std::string_view deed) {
  return {std::string(sandbox::kChildFlag), std::string(deed)};
}

TEST(SandboxTrial, TellsWhatStoodAroundTheChild) {
  const auto stood = try_sandbox(child("echo"), {Protection::kNoNewPrivileges});
  ASSERT_TRUE(stood) << stood.error().context;
  EXPECT_TRUE(stood->has(Protection::kNoNewPrivileges));
  EXPECT_TRUE(stood->has(Protection::kLimits));
}

TEST(SandboxTrial, AChildThatDiesIsNoSandbox) {
  const auto stood = try_sandbox(child("abort"), {Protection::kNoNewPrivileges});
  ASSERT_FALSE(stood);
  EXPECT_EQ(stood.error().code, base::ErrorCode::kAborted);
  EXPECT_NE(stood.error().context.find("could not be tried"), std::string::npos);
}

TEST(SandboxTrial, SaysWhatToDoAboutEachThatIsMissing) {
  const std::string landlock = advice_for({Protection::kLandlock});
  EXPECT_NE(landlock.find("5.13"), std::string::npos);
  EXPECT_NE(landlock.find("--without-landlock"), std::string::npos);
  EXPECT_EQ(landlock.find("syscall_filter"), std::string::npos);
  EXPECT_NE(advice_for({Protection::kSyscallFilter}).find("seccomp"), std::string::npos);
  EXPECT_NE(advice_for({Protection::kNoCapabilities}).find("root"), std::string::npos);
  EXPECT_NE(advice_for({}).find("docs/sandbox.md"), std::string::npos);
}

}  // namespace
}  // namespace worker
