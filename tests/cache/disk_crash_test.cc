// Power cuts, kills and failing calls at every point of a script that stores, reads, replaces,
// purges and reclaims. The oracle: never a wrong byte, never a purged object back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/cache/disk_fixture.h"
#include "tests/cache/simulated_disk.h"

namespace cache {
namespace {

DiskTierOptions tiny(SimulatedDisk& simulated) {
  DiskTierOptions options;
  options.path = "/cache";
  options.size_max = base::Bytes(8u << 20);
  options.region_size = base::Bytes(256u << 10);
  options.index_memory = base::Bytes(1u << 20);
  options.index_env = simulated.env();
  options.seed = 7;
  return options;
}

// What a user of the tier knows: which bytes belong to which version, and what was acknowledged.
class Script {
 public:
  explicit Script(SimulatedDisk& simulated) : disk_(tiny(simulated), &simulated.files()) {
    disk_.chunk_size = 64 * 1024;
  }

  // Some of everything; errors are what the disk does to it, never wrong.
  void run(int rounds) {
    for (int i = 0; i < rounds && disk_.is_open(); ++i) {
      // Some are replaced again and again, some are popular for long, most are seen once.
      const std::string path = "/" + std::to_string(i % 4 == 0 ? i % 12 : 100 + i);
      const std::uint64_t length = i % 5 == 0 ? 1'500 : 60'000 + 20'000 * (i % 4);
      store(path, length, i % 3 == 0 ? "" : "\"e\"");
      check("/" + std::to_string(101 + i % 10));
      if (i % 4 == 1) check(path_at(i * 5));
      if (i % 7 == 3) purge(path_at(i * 3));
    }
  }

  void store(const std::string& path, std::uint64_t length, const std::string& etag) {
    disk_.clock().advance(std::chrono::milliseconds(10));
    const auto stored = disk_.object(path, length, etag);
    if (std::ranges::find(paths_, path) == paths_.end()) paths_.push_back(path);
    bodies_[stored.object->version()] = stored;
    disk_.store(stored);
  }

  void purge(const std::string& path) {
    const auto sequence = disk_.purge(PurgeKind::kUrl, std::string(kSite) + "\n" + path);
    if (sequence) purged_[path] = *sequence;
  }

  // Whatever is found is what was stored, and not purged.
  void check(const std::string& path) {
    const auto object = disk_.find(path);
    if (!object) return;
    const auto known = bodies_.find(object->version());
    ASSERT_NE(known, bodies_.end());
    const auto verdict = disk_.purges().check(*object);
    if (const auto purge = purged_.find(path);
        purge != purged_.end() && purge->second > object->head().purge_sequence) {
      ASSERT_EQ(verdict, PurgeVerdict::kHard) << path << " is back";
    }
    if (verdict == PurgeVerdict::kHard) return;
    for (std::uint32_t i = 0; i < object->chunk_count(); ++i) {
      const auto chunk = disk_.read_chunk(*object, i);
      if (!chunk) continue;
      ++chunks_read_;
      ASSERT_EQ(Disk::bytes_of(*chunk),
                known->second.body.substr(std::uint64_t{i} * disk_.chunk_size, chunk->length()));
    }
  }
  void check_all() {
    chunks_read_ = 0;
    for (const std::string& path : paths_) check(path);
  }

  // After the disk was opened again. A damaged index makes an empty cache, which counts its purges
  // anew: what is stored from then on is younger than all that was purged before.
  void reopened() {
    const bool counts_anew = std::ranges::any_of(
        purged_, [this](const auto& purge) { return purge.second > disk_.purges().sequence(); });
    if (!counts_anew) return;
    for (const std::string& path : paths_) EXPECT_FALSE(disk_.find(path)) << path << " is back";
    purged_.clear();
  }

  Disk& disk() { return disk_; }
  [[nodiscard]] int chunks_read() const { return chunks_read_; }

 private:
  [[nodiscard]] const std::string& path_at(int i) const {
    return paths_[static_cast<std::size_t>(i) % paths_.size()];
  }

  Disk disk_;
  std::vector<std::string> paths_;
  std::map<Version, Disk::Stored> bodies_;
  std::map<std::string, std::uint64_t> purged_;
  int chunks_read_ = 0;
};

constexpr int kRounds = 120;  // Enough to go round the clock.

std::uint64_t points_of_the_script() {
  static const std::uint64_t points = [] {
    SimulatedDisk simulated(1);
    Script script(simulated);
    script.run(kRounds);
    EXPECT_GT(script.disk().stats().chunks_rewritten, 0U);
    return simulated.points();
  }();
  return points;
}

TEST(DiskCrash, TheScriptReclaimsPurgesAndStaysInItsBudget) {
  SimulatedDisk simulated(1);
  Script script(simulated);
  ASSERT_TRUE(script.disk().is_open()) << script.disk().failure()->context;
  script.run(kRounds);
  const auto stats = script.disk().stats();
  EXPECT_GT(stats.chunks_rewritten, 0U);
  EXPECT_EQ(stats.corrupt, 0U);
  EXPECT_LE(stats.used, stats.capacity);
  script.check_all();
  EXPECT_GT(script.chunks_read(), 15);
}

TEST(DiskCrash, APowerCutAtAnyPointLeavesNoWrongByteAndNoPurgedObject) {
  const std::uint64_t points = points_of_the_script();
  const std::uint64_t stride = std::max<std::uint64_t>(points / 45, 1);
  std::uint32_t seed = 0;
  for (std::uint64_t at = 1; at < points; at += stride, ++seed) {
    for (const auto lost : {SimulatedDisk::Lost::kEverything, SimulatedDisk::Lost::kSome}) {
      SCOPED_TRACE("power cut at point " + std::to_string(at));
      SimulatedDisk simulated(seed);
      simulated.fail(at, SimulatedDisk::Fault::kPowerCut);
      Script script(simulated);
      script.run(kRounds);
      if (script.disk().is_open()) script.disk().kill();
      simulated.restore_power(lost);
      const auto opened = script.disk().open();
      ASSERT_TRUE(opened) << opened.error().context;
      script.reopened();
      script.check_all();
      script.run(10);
      script.check_all();
      if (HasFatalFailure()) return;
    }
  }
}

TEST(DiskCrash, AKillLosesNothingThatWasStored) {
  SimulatedDisk simulated(1);
  Script script(simulated);
  script.run(40);
  script.check_all();
  const int before = script.chunks_read();
  script.disk().kill();
  simulated.restore_power(SimulatedDisk::Lost::kNothing);
  ASSERT_TRUE(script.disk().open());
  script.check_all();
  EXPECT_GE(script.chunks_read(), before * 95 / 100);
}

TEST(DiskCrash, ACallThatFailsAtAnyPointCostsAtMostMisses) {
  const std::uint64_t points = points_of_the_script();
  const std::uint64_t stride = std::max<std::uint64_t>(points / 45, 1);
  for (std::uint64_t at = 1; at < points; at += stride) {
    for (const auto fault : {SimulatedDisk::Fault::kIoError, SimulatedDisk::Fault::kNoSpace,
                             SimulatedDisk::Fault::kShortWrite}) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)) + " at point " +
                   std::to_string(at));
      SimulatedDisk simulated(3);
      simulated.fail(at, fault, at % 3 == 0 ? 1 : 1'000'000);
      Script script(simulated);
      script.run(kRounds);
      if (script.disk().is_open()) {
        script.check_all();
        script.disk().close();
      }
      simulated.restore_power(SimulatedDisk::Lost::kNothing);
      const auto opened = script.disk().open();
      ASSERT_TRUE(opened) << opened.error().context;
      script.check_all();
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace cache
