// Runs the simulated store over many seeds. HEADRACE_SEED=n runs that one alone, as it ran before;
// HEADRACE_SEEDS=n runs so many instead of the few that fit a unit test.
#include "tests/cache/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace cache {
namespace {

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

void run_seeds(SimulationOptions options, std::uint64_t seeds) {
  const auto one = number_from("HEADRACE_SEED");
  const std::uint64_t first = one.value_or(1);
  const std::uint64_t last = one ? *one : number_from("HEADRACE_SEEDS").value_or(seeds);
  Simulation::Tally sum;
  for (options.seed = first; options.seed <= last; ++options.seed) {
    Simulation simulation(options);
    const std::string wrong = simulation.run();
    ASSERT_EQ(wrong, "") << "replay with HEADRACE_SEED=" << options.seed;
    sum.served += simulation.tally().served;
    sum.from_cache += simulation.tally().from_cache;
    sum.from_disk += simulation.tally().from_disk;
    sum.failed += simulation.tally().failed;
    sum.passed += simulation.tally().passed;
    sum.requests += simulation.tally().requests;
    sum.purges += simulation.tally().purges;
    sum.kills += simulation.tally().kills;
  }
  // A simulation in which nothing works proves nothing.
  EXPECT_GT(sum.served, sum.failed);
  EXPECT_GT(sum.from_cache, 0u);
  testing::Test::RecordProperty("served", static_cast<int>(sum.served));
  std::printf(
      "served %llu (without asking %llu, from disk %llu), passed %llu, failed %llu, requests %llu, "
      "purges %llu, kills %llu\n",
      static_cast<unsigned long long>(sum.served), static_cast<unsigned long long>(sum.from_cache),
      static_cast<unsigned long long>(sum.from_disk), static_cast<unsigned long long>(sum.passed),
      static_cast<unsigned long long>(sum.failed), static_cast<unsigned long long>(sum.requests),
      static_cast<unsigned long long>(sum.purges), static_cast<unsigned long long>(sum.kills));
}

TEST(Simulation_, InMemoryNoClientEverGetsAWrongByte) { run_seeds({}, 200); }

TEST(Simulation_, InMemoryAStoreThatIsKilledStartsEmptyAndRight) { run_seeds({.kills = true}, 50); }

TEST(Simulation_, OverADiskNoClientEverGetsAWrongByte) { run_seeds({.disk = true}, 30); }

TEST(Simulation_, OverADiskThatFailsAndLosesWhatIsNotSyncedNothingWrongOrPurgedComesBack) {
  run_seeds({.disk = true, .kills = true}, 60);
}

TEST(Simulation_, ASeedReplaysExactly) {
  const std::uint64_t seed = number_from("HEADRACE_SEED").value_or(7);
  for (const bool disk : {false, true}) {
    Simulation first({.seed = seed, .disk = disk, .kills = disk});
    Simulation second({.seed = seed, .disk = disk, .kills = disk});
    EXPECT_EQ(first.run(), second.run());
    EXPECT_EQ(first.trace(), second.trace());
    Simulation other({.seed = seed + 1, .disk = disk, .kills = disk});
    other.run();
    EXPECT_NE(first.trace(), other.trace());
  }
}

}  // namespace
}  // namespace cache
