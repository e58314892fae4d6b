// Any text is either refused in one line, or gives a config that prints to text which reads back
// to the same config.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/config.h"

namespace fuzz {

enum class Policy { kLru, kSieve };
constexpr std::array kPolicyNames{base::EnumName{"lru", Policy::kLru},
                                  base::EnumName{"sieve", Policy::kSieve}};

struct Site {
  std::vector<std::string> hosts;
  std::optional<std::chrono::milliseconds> ttl;
  bool operator==(const Site&) const = default;
};

struct Config {
  std::string name;
  int threads = 0;
  bool gateway = false;
  double share = 0;
  base::Bytes memory{1'024};
  std::chrono::milliseconds wait{0};
  Policy policy = Policy::kLru;
  std::vector<Site> sites;
  bool operator==(const Config&) const = default;
};

void describe(Site& c, base::ConfigVisitor& option) {
  option("hosts", c.hosts, 0, 3, "Hosts.");
  option("times.ttl", c.ttl, std::chrono::milliseconds(0), std::chrono::hours(720), "TTL.");
}

void describe(Config& c, base::ConfigVisitor& option) {
  option("name", c.name, "Name.");
  option("node.threads", c.threads, "Threads.");
  option("node.gateway", c.gateway, "Gateway.");
  option("node.share", c.share, 0, 1, "Share.");
  option("cache.memory", c.memory, base::Bytes(0), base::Bytes(1ULL << 40), "Memory.");
  option("cache.wait", c.wait, std::chrono::milliseconds(0), std::chrono::hours(24), "Wait.");
  option("cache.policy", c.policy, kPolicyNames, "Policy.");
  option("site", c.sites, 0, 4, "A site.");
  option.check("node.threads", c.threads != 13, "a luckier number");
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = base::parse_config<fuzz::Config>(text, "fuzz.toml");
  if (!config) {
    CHECK(config.error().context.find('\n') == std::string::npos);
    return 0;
  }
  const auto again = base::parse_config<fuzz::Config>(base::print_config(*config), "printed.toml");
  CHECK(again && *again == *config);
  return 0;
}
