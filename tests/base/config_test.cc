#include "base/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/duration.h"

namespace base {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

enum class Policy { kLru, kSieve };
constexpr std::array kPolicyNames{EnumName{"lru", Policy::kLru}, EnumName{"sieve", Policy::kSieve}};

struct Rule {
  std::string path;
  std::optional<std::chrono::milliseconds> ttl;
  std::optional<bool> store;
  std::optional<Bytes> size_max;
  bool operator==(const Rule&) const = default;
};

struct Site {
  std::vector<std::string> hosts;
  std::chrono::milliseconds probe_every = 5s;
  std::vector<Rule> rules;
  bool operator==(const Site&) const = default;
};

struct Node {
  std::string name = "edge-1";
  std::uint16_t threads = 0;
  bool is_gateway = false;
  double share = 0.5;
  Bytes memory_max = 512_MiB;
  std::string path;
  Policy policy = Policy::kLru;
  std::vector<std::string> listen{"0.0.0.0:8080"};
  std::chrono::milliseconds timeout = 10s;
  std::vector<Site> sites;
  bool operator==(const Node&) const = default;
};

void describe(Rule& c, ConfigVisitor& option) {
  option("path", c.path, kRequired, "Paths it holds for.");
  option("ttl", c.ttl, 0ms, 24h, "Overrides what the origin says.");
  option("store", c.store, "Whether to store.");
  option("size_max", c.size_max, 0_B, 1_GiB, "Larger ones are not stored.");
}

void describe(Site& c, ConfigVisitor& option) {
  option("hosts", c.hosts, 1, 3, "Hosts it answers for.");
  option("health.probe_every", c.probe_every, 1s, 60s, "Time between probes.");
  option("rule", c.rules, 0, 2, "A rule for some paths.");
}

void describe(Node& c, ConfigVisitor& option) {
  option("name", c.name, "What logs call it | and metrics.");
  option("node.threads", c.threads, 0, 64, "Event loops.");
  option("node.gateway", c.is_gateway, "Passes the API through.");
  option("node.share", c.share, 0.0, 1.0, "A share.");
  option("cache.memory_max", c.memory_max, 16_MiB, 1_TiB, "RAM for hot objects.");
  option("cache.path", c.path, "Directory of the disk tier.");
  option("cache.policy", c.policy, kPolicyNames, "What goes first.");
  option("node.listen", c.listen, 0, 4, "Addresses.");
  option("node.timeout", c.timeout, 100ms, 60s, "How long to wait.");
  option("site", c.sites, 1, 2, "A site.");
  option.check("cache.path", c.path.empty() || c.path.front() == '/', "an absolute path");
}

Node read(std::string_view toml) {
  const auto node = parse_config<Node>(toml, "edge.toml");
  EXPECT_TRUE(node) << node.error().context;
  return node.value_or(Node{});
}

// What a file with one good site and this besides is refused for.
std::string refusal(std::string toml) {
  const auto node = parse_config<Node>(toml + "\n[[site]]\nhosts = ['*']\n", "edge.toml");
  if (node) return "accepted";
  EXPECT_EQ(node.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(node.error().context.find('\n'), std::string::npos);
  return node.error().context;
}

TEST(Config, WhatIsNotInTheFileKeepsItsDefault) {
  Node expected;
  expected.sites = {Site{.hosts = {"*"}}};
  EXPECT_EQ(read("[[site]]\nhosts = ['*']\n"), expected);
}

TEST(Config, ReadsEveryType) {
  const Node node = read(R"(
name = "edge-7"
[node]
threads = 64
gateway = true
share = 1
listen = []
timeout = "250ms"
[cache]
memory_max = "1.5GiB"
path = "/var/cache/headrace"
policy = "sieve"
[[site]]
hosts = ["a.example", "b.example"]
health = { probe_every = "1m" }
[[site.rule]]
path = "/live/"
ttl = "0s"
store = false
[[site.rule]]
path = "/vod/"
size_max = 4096
[[site]]
hosts = ["c.example"]
)");
  EXPECT_EQ(node.name, "edge-7");
  EXPECT_EQ(node.threads, 64);
  EXPECT_TRUE(node.is_gateway);
  EXPECT_EQ(node.share, 1.0);
  EXPECT_TRUE(node.listen.empty());
  EXPECT_EQ(node.timeout, 250ms);
  EXPECT_EQ(node.memory_max, 1536_MiB);
  EXPECT_EQ(node.path, "/var/cache/headrace");
  EXPECT_EQ(node.policy, Policy::kSieve);
  ASSERT_EQ(node.sites.size(), 2U);
  EXPECT_EQ(node.sites[0].probe_every, 60s);
  EXPECT_EQ(node.sites[0].rules, (std::vector<Rule>{{.path = "/live/", .ttl = 0ms, .store = false},
                                                    {.path = "/vod/", .size_max = 4_KiB}}));
  EXPECT_EQ(node.sites[1].hosts, std::vector<std::string>{"c.example"});
}

TEST(Config, TheEndsOfARangeAreInIt) {
  EXPECT_EQ(refusal("[node]\nthreads = 64"), "accepted");
  EXPECT_EQ(refusal("[node]\nthreads = 65"),
            "edge.toml:2: node.threads: expected an integer from 0 to 64, got 65");
  EXPECT_EQ(refusal("[node]\nthreads = -1"),
            "edge.toml:2: node.threads: expected an integer from 0 to 64, got -1");
  EXPECT_EQ(refusal("[node]\nshare = 0.0"), "accepted");
  EXPECT_EQ(refusal("[node]\nshare = 1.01"),
            "edge.toml:2: node.share: expected a number from 0 to 1, got 1.01");
  EXPECT_EQ(refusal("[node]\nshare = nan"),
            "edge.toml:2: node.share: expected a number from 0 to 1, got nan");
  EXPECT_EQ(refusal("[cache]\nmemory_max = '16MiB'"), "accepted");
  EXPECT_EQ(refusal("[cache]\nmemory_max = 16777215"),
            "edge.toml:2: cache.memory_max: expected a size such as \"256MiB\", from 16MiB to "
            "1TiB, got 16777215");
  EXPECT_EQ(refusal("[node]\ntimeout = '60s'"), "accepted");
  EXPECT_EQ(refusal("[node]\ntimeout = '61s'"),
            "edge.toml:2: node.timeout: expected a duration such as \"30s\", from 100ms to 1m, got "
            "\"61s\"");
  EXPECT_EQ(refusal("[node]\nlisten = ['a', 'b', 'c', 'd']"), "accepted");
  EXPECT_EQ(refusal("[node]\nlisten = ['a', 'b', 'c', 'd', 'e']"),
            "edge.toml:2: node.listen: expected a list of 0 to 4 strings, none empty, "
            "got a list of 5");
}

TEST(Config, AnotherTypeIsRefused) {
  EXPECT_EQ(refusal("name = 5"), "edge.toml:1: name: expected a string, got 5");
  EXPECT_EQ(refusal("[node]\ngateway = 'yes'"),
            "edge.toml:2: node.gateway: expected true or false, got \"yes\"");
  EXPECT_EQ(refusal("[node]\nthreads = 1.5"),
            "edge.toml:2: node.threads: expected an integer from 0 to 64, got 1.5");
  EXPECT_EQ(
      refusal("[node]\ntimeout = 10"),
      "edge.toml:2: node.timeout: expected a duration such as \"30s\", from 100ms to 1m, got 10");
  EXPECT_EQ(refusal("[cache]\nmemory_max = '5 apples'"),
            "edge.toml:2: cache.memory_max: expected a size such as \"256MiB\", from 16MiB to "
            "1TiB, got \"5 apples\"");
  EXPECT_EQ(refusal("[cache]\npolicy = 'fifo'"),
            "edge.toml:2: cache.policy: expected one of lru, sieve, got \"fifo\"");
  EXPECT_EQ(refusal("[node]\nlisten = ['a', '']"),
            "edge.toml:2: node.listen: expected a list of 0 to 4 strings, none empty, "
            "got a list of 2");
  EXPECT_EQ(refusal("\ncache = 2024-01-01"),
            "edge.toml:2: cache: expected a table, got a date or time");
}

TEST(Config, AnUnknownKeyIsRefusedWithTheNearestName) {
  EXPECT_EQ(refusal("[cache]\nmemry_max = '1GiB'"),
            "edge.toml:2: cache.memry_max: expected the name of an option, got an unknown one "
            "(did you mean cache.memory_max?)");
  EXPECT_EQ(refusal("memory_max = '1GiB'"),
            "edge.toml:1: memory_max: expected the name of an option, got an unknown one "
            "(did you mean cache.memory_max?)");
  EXPECT_EQ(refusal("[colour]"),
            "edge.toml:1: colour: expected the name of an option, got an unknown one");
  EXPECT_EQ(refusal("[[site]]\nhosts = ['*']\nhost = 'x'"),
            "edge.toml:3: site.host: expected the name of an option, got an unknown one "
            "(did you mean site.hosts?)");
  // A dot inside quotes makes one name, not a path.
  EXPECT_EQ(refusal("'cache.policy' = 'sieve'"),
            "edge.toml:1: cache.policy: expected the name of an option, got an unknown one "
            "(did you mean cache.policy?)");
}

TEST(Config, WhatIsRequiredMustBeThere) {
  EXPECT_EQ(parse_config<Node>("", "e.toml").error().context,
            "e.toml:1: site: expected 1 to 2 tables [[site]], got nothing");
  EXPECT_EQ(parse_config<Node>("\n[[site]]\n", "e.toml").error().context,
            "e.toml:2: site.hosts: expected a list of 1 to 3 strings, none empty, got nothing");
  EXPECT_EQ(refusal("[[site]]\nhosts = ['a']\n[[site.rule]]\n"),
            "edge.toml:3: site.rule.path: expected a string that is not empty, got nothing");
  EXPECT_EQ(refusal("[[site]]\nhosts = ['a']\n[[site.rule]]\npath = ''"),
            "edge.toml:4: site.rule.path: expected a string that is not empty, got \"\"");
}

TEST(Config, TablesHaveALimitToo) {
  EXPECT_EQ(refusal("[[site]]\nhosts = ['a']"), "accepted");
  EXPECT_EQ(refusal("[[site]]\nhosts = ['a']\n[[site]]\nhosts = ['b']"),
            "edge.toml:1: site: expected 1 to 2 tables [[site]], got 3");
  EXPECT_EQ(parse_config<Node>("site = [1]", "e.toml").error().context,
            "e.toml:1: site: expected 1 to 2 tables [[site]], got a list of 1");
  EXPECT_EQ(parse_config<Node>("[site]\nhosts = ['a']", "e.toml").error().context,
            "e.toml:1: site: expected 1 to 2 tables [[site]], got a table");
}

TEST(Config, AFailedCheckNamesTheLineOfItsOption) {
  EXPECT_EQ(refusal("[cache]\n\npath = 'var'"),
            "edge.toml:3: cache.path: expected an absolute path, got \"var\"");
}

TEST(Config, TheFirstMistakeIsToldAndATypoBeforeWhatItLeavesMissing) {
  EXPECT_EQ(
      parse_config<Node>("[[site]]\nhost = ['a']\n[node]\nthreads = 99", "e.toml").error().context,
      "e.toml:2: site.host: expected the name of an option, got an unknown one "
      "(did you mean site.hosts?)");
}

TEST(Config, BrokenTomlIsToldInOneLine) {
  EXPECT_TRUE(refusal("[node\nthreads = 1").starts_with("edge.toml:1: syntax: expected TOML, got"));
  EXPECT_TRUE(refusal("a = 1\na = 2").starts_with("edge.toml:2: syntax: expected TOML, got"));
  EXPECT_TRUE(refusal("a = \"\x01\"").starts_with("edge.toml:1: syntax: expected TOML, got"));
}

TEST(Config, ALongOrHostileValueStaysOneShortLine) {
  const std::string refused = refusal("[cache]\npolicy = \"\\n" + std::string(5'000, 'x') + "\"");
  EXPECT_TRUE(
      refused.starts_with("edge.toml:2: cache.policy: expected one of lru, sieve, "
                          "got \"\\x0axxx"));
  EXPECT_LT(refused.size(), 200U);
}

TEST(Config, ReadsBackWhatItPrints) {
  Node node;
  node.name = "quotes \" and \\ and\ttab and \x7f and ü";
  node.share = 0.1;
  node.timeout = 1'500ms;
  node.memory_max = Bytes(16'777'217);
  node.listen = {"a", "b"};
  node.policy = Policy::kSieve;
  node.sites = {Site{.hosts = {"x"}, .rules = {Rule{.path = "/", .ttl = 90s}, Rule{.path = "/a"}}},
                Site{.hosts = {"y"}, .probe_every = 60s}};
  EXPECT_EQ(read(print_config(node)), node) << print_config(node);
}

TEST(Config, PrintsEveryOptionWithItsMeaning) {
  Node node;
  node.sites = {Site{.hosts = {"*"}, .rules = {Rule{.path = "/a"}}}};
  EXPECT_EQ(print_config(node), R"(# What logs call it | and metrics.
name = "edge-1"

[node]
# Event loops. (0 to 64)
threads = 0
# Passes the API through. (true or false)
gateway = false
# A share. (0 to 1)
share = 0.5
# Addresses. (0 to 4 entries)
listen = ["0.0.0.0:8080"]
# How long to wait. (100ms to 1m)
timeout = "10s"

[cache]
# RAM for hot objects. (16MiB to 1TiB)
memory_max = "512MiB"
# Directory of the disk tier.
path = ""
# What goes first. (lru, sieve)
policy = "lru"

# A site. (1 to 2)
[[site]]
# Hosts it answers for. (1 to 3 entries)
hosts = ["*"]

[site.health]
# Time between probes. (1s to 1m)
probe_every = "5s"

# A rule for some paths. (0 to 2)
[[site.rule]]
# Paths it holds for. (required)
path = "/a"
# Overrides what the origin says. (0s to 1d; may be unset)
# ttl =
# Whether to store. (true or false; may be unset)
# store =
# Larger ones are not stored. (0 to 1GiB; may be unset)
# size_max =
)");
}

TEST(Config, AnEmptyListOfTablesIsPrintedAsACommentedSample) {
  const std::string printed = print_config(Node{});
  EXPECT_NE(printed.find("# A site. (1 to 2)\n# [[site]]\n# hosts = []\n# [site.health]\n"
                         "# probe_every = \"5s\"\n# [[site.rule]]\n# path = \"\"\n# ttl =\n"),
            std::string::npos)
      << printed;
}

TEST(Config, TheReferencePageHasATableForEachTable) {
  EXPECT_EQ(config_reference<Node>(),
            R"(| option | default | range | meaning |
|---|---|---|---|
| `name` | `"edge-1"` |  | What logs call it \| and metrics. |

## [node]

| option | default | range | meaning |
|---|---|---|---|
| `threads` | `0` | 0 to 64 | Event loops. |
| `gateway` | `false` | true or false | Passes the API through. |
| `share` | `0.5` | 0 to 1 | A share. |
| `listen` | `["0.0.0.0:8080"]` | 0 to 4 entries | Addresses. |
| `timeout` | `"10s"` | 100ms to 1m | How long to wait. |

## [cache]

| option | default | range | meaning |
|---|---|---|---|
| `memory_max` | `"512MiB"` | 16MiB to 1TiB | RAM for hot objects. |
| `path` | `""` |  | Directory of the disk tier. |
| `policy` | `"lru"` | lru, sieve | What goes first. |

## [[site]]

A site. (1 to 2 of these tables)

| option | default | range | meaning |
|---|---|---|---|
| `hosts` |  | 1 to 3 entries; required | Hosts it answers for. |

## [site.health]

| option | default | range | meaning |
|---|---|---|---|
| `probe_every` | `"5s"` | 1s to 1m | Time between probes. |

## [[site.rule]]

A rule for some paths. (0 to 2 of these tables)

| option | default | range | meaning |
|---|---|---|---|
| `path` |  | required | Paths it holds for. |
| `ttl` |  | 0s to 1d; may be unset | Overrides what the origin says. |
| `store` |  | true or false; may be unset | Whether to store. |
| `size_max` |  | 0 to 1GiB; may be unset | Larger ones are not stored. |
)");
}

// A config file that goes away with the test.
class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    char name[] = "/tmp/headrace_config_XXXXXX";
    ::close(::mkstemp(name));
    path_ = name;
  }
  ~ConfigFile() override { std::filesystem::remove(path_); }

  void write(const std::string& text) { std::ofstream(path_) << text; }

  std::filesystem::path path_;
};

TEST_F(ConfigFile, IsReadAndNamedInErrors) {
  write("[[site]]\nhosts = ['*']\n");
  EXPECT_TRUE(read_config<Node>(path_));
  write("nme = 'x'");
  EXPECT_TRUE(read_config<Node>(path_).error().context.starts_with(path_.native() + ":1: nme: "));
}

TEST_F(ConfigFile, MayBeAsLargeAsTheLimitAndNoLarger) {
  const std::string config = "[[site]]\nhosts = ['*']\n#";
  const std::string filled = config + std::string(kConfigFileMax.count() - config.size(), 'x');
  write(filled);
  EXPECT_TRUE(read_config<Node>(path_));
  write(filled + "x");
  EXPECT_EQ(read_config<Node>(path_).error().code, ErrorCode::kTooLarge);
}

TEST(Config, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(read_config<Node>("/nonexistent/edge.toml").error().context,
            "/nonexistent/edge.toml: expected a readable file, got: No such file or directory");
  EXPECT_EQ(read_config<Node>("/").error().context,
            "/: expected a readable file, got: Is a directory");
}

}  // namespace
}  // namespace base
