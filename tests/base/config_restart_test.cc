#include "base/config_restart.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace literals;

struct Inner {
  std::string name;
};
struct Outer {
  Bytes memory = 1_MiB;
  std::uint32_t limit = 1;
  std::vector<std::string> listen = {"a"};
  std::vector<Inner> inner;
};

void describe(Inner& c, ConfigVisitor& option) { option("name", c.name, "A name. (restart)"); }
void describe(Outer& c, ConfigVisitor& option) {
  option("cache.memory", c.memory, 1_MiB, 1_GiB, "Memory. (restart)");
  option("limit", c.limit, 0, 9, "A limit.");
  option("listen", c.listen, 0, 9, "Addresses. (restart)");
  option("inner", c.inner, 0, 9, "Tables.");
}

TEST(KeepUntilRestart, KeepsWhatIsMarkedAndTellsOfIt) {
  const Outer in_force;
  Outer next{.memory = 2_MiB, .limit = 5, .listen = {"b", "c"}, .inner = {{"x"}}};
  const std::vector<PendingOption> pending = keep_until_restart(in_force, next);
  EXPECT_EQ(next.memory, 1_MiB);
  EXPECT_EQ(next.listen, std::vector<std::string>{"a"});
  EXPECT_EQ(next.limit, 5U);
  EXPECT_EQ(next.inner.size(), 1U);
  const std::vector<PendingOption> expected = {{"cache.memory", "\"1MiB\"", "\"2MiB\""},
                                               {"listen", "[\"a\"]", "[\"b\", \"c\"]"}};
  EXPECT_EQ(pending, expected);
}

TEST(KeepUntilRestart, SaysNothingWhenNothingWaits) {
  Outer next{.limit = 7};
  EXPECT_TRUE(keep_until_restart(Outer{}, next).empty());
}

}  // namespace
}  // namespace base
