#include "worker/sandbox/landlock.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace worker::sandbox {
namespace {

// As kernels from 6.12 on have it; Debian's header knows the first member only. Older kernels
// accept the longer structure as long as what they don't know is zero.
struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

// The file rights each version of the interface knows are the lowest so many bits.
constexpr std::array<unsigned, 5> kFileRights = {13, 14, 15, 15, 16};
constexpr std::uint64_t kBindTcp = 1U << 0;  // Version 4.
constexpr std::uint64_t kConnectTcp = 1U << 1;
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0;  // Version 6.
constexpr std::uint64_t kScopeSignals = 1U << 1;

base::Result<void> refused(const char* call) {
  return base::fail(base::ErrorCode::kUnsupported,
                    std::string("Landlock: ") + call + ": " + std::strerror(errno));
}

}  // namespace

base::Result<void> deny_all_paths() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return refused("version");
  Ruleset ruleset;
  const auto known = static_cast<std::size_t>(version);
  const unsigned rights = kFileRights[std::min(known, kFileRights.size()) - 1];
  ruleset.handled_access_fs = (std::uint64_t{1} << rights) - 1;
  if (version >= 4) ruleset.handled_access_net = kBindTcp | kConnectTcp;
  if (version >= 6) ruleset.scoped = kScopeAbstractSockets | kScopeSignals;

  const base::UniqueFd fd(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0)));
  if (!fd) return refused("ruleset");
  // No rule is added: what is handled and not allowed is denied.
  if (::syscall(SYS_landlock_restrict_self, fd.get(), 0) != 0) return refused("restrict");
  return {};
}

}  // namespace worker::sandbox
