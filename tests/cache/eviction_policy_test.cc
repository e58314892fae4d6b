#include "cache/eviction_policy.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "cache/ghost.h"
#include "cache/resident_table.h"

namespace cache {
namespace {

struct Entry final : Resident {
  explicit Entry(char letter, std::uint32_t weight = 1) : name(letter) {
    residence.weight = weight;
    residence.hash = static_cast<std::uint64_t>(letter) * 0x9E3779B97F4A7C15ULL;
  }
  const char name;
};

// A policy and one entry for each letter.
class Shelved {
 public:
  explicit Shelved(Policy kind) : policy(make_policy(kind)) {}
  ~Shelved() {
    while (policy->victim() != nullptr) {
    }
  }
  Entry& entry(char name, std::uint32_t weight = 1) {
    auto& slot = entries_[static_cast<unsigned char>(name)];
    if (!slot) slot = std::make_unique<Entry>(name, weight);
    return *slot;
  }
  void admit(std::string_view names) {
    for (const char name : names) {
      entry(name).residence.uses = 0;
      policy->admit(entry(name));
    }
  }
  void hit(std::string_view names) {
    for (const char name : names) {
      Residence& notes = entry(name).residence;
      if (notes.uses < EvictionPolicy::kUsesMax) ++notes.uses;
      if (policy->orders_hits()) policy->touch(entry(name));
    }
  }
  std::string evict(int count) {
    std::string names;
    for (; count > 0; --count) {
      auto* const victim = static_cast<Entry*>(policy->victim());
      names += victim == nullptr ? '-' : victim->name;
    }
    return names;
  }
  const std::unique_ptr<EvictionPolicy> policy;

 private:
  std::unique_ptr<Entry> entries_[256];
};

TEST(Lru, EvictsWhatWasUsedLongestAgo) {
  Shelved shelf(Policy::kLru);
  shelf.admit("abcd");
  shelf.hit("ab");
  EXPECT_EQ(shelf.evict(5), "cdab-");
}

TEST(Sieve, TheHandSparesWhatWasUsedAndGoesOn) {
  Shelved shelf(Policy::kSieve);
  shelf.admit("abcde");
  shelf.hit("ac");
  EXPECT_EQ(shelf.evict(1), "b");  // a is spared, and marked unused.
  EXPECT_EQ(shelf.evict(1), "d");  // The hand went on: c is spared.
  shelf.admit("f");
  EXPECT_EQ(shelf.evict(5), "efac-");  // Round again.
}

TEST(Sieve, TheHandSurvivesTheEntryItPointsAt) {
  Shelved shelf(Policy::kSieve);
  shelf.admit("abcd");
  shelf.hit("a");
  EXPECT_EQ(shelf.evict(1), "b");
  shelf.policy->forget(shelf.entry('c'));
  EXPECT_EQ(shelf.evict(3), "da-");
}

// Enough of others that the small queue's floor of four entries does not decide.
constexpr std::string_view kOthers = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

TEST(S3Fifo, OneVisitPassesThroughTheSmallQueue) {
  Shelved shelf(Policy::kS3Fifo);
  shelf.admit(kOthers);
  shelf.hit(kOthers);
  EXPECT_EQ(shelf.evict(1), "0");  // All moved to the main queue; the first had no second use.
  shelf.admit("abcde");
  EXPECT_EQ(shelf.evict(1), "a");  // Over four: the small queue gives way, not the main one.
}

TEST(S3Fifo, ASecondComingGoesToTheMainQueue) {
  Shelved shelf(Policy::kS3Fifo);
  shelf.admit(kOthers);
  shelf.hit(kOthers);
  shelf.evict(1);
  shelf.admit("abcde");
  ASSERT_EQ(shelf.evict(1), "a");
  shelf.admit("a");       // Its name was remembered.
  shelf.admit("fghijk");  // In the small queue with b, c, d, e.
  EXPECT_EQ(shelf.evict(6), "bcdefg");
  EXPECT_EQ(shelf.evict(1), "1");  // Then the main queue's turn; a is at its end.
}

TEST(S3Fifo, UseBuysAnotherRoundInTheMainQueue) {
  Shelved shelf(Policy::kS3Fifo);
  shelf.admit(kOthers);
  shelf.hit(kOthers);
  shelf.evict(1);
  shelf.hit("12");
  EXPECT_EQ(shelf.evict(2), "34");
}

TEST(S3Fifo, AFewHeavyEntriesLeaveAnArrivalTimeToBeUsed) {
  Shelved shelf(Policy::kS3Fifo);
  for (const char name : kOthers.substr(0, 10)) shelf.policy->admit(shelf.entry(name, 1 << 20));
  shelf.hit(kOthers.substr(0, 6));
  EXPECT_EQ(shelf.evict(1), "0");  // Four are left in the small queue, where a tenth is one.
  std::string evicted;
  for (const char name : std::string_view("abcde")) {
    shelf.policy->admit(shelf.entry(name, 1 << 20));
    evicted += shelf.evict(1);
  }
  EXPECT_EQ(evicted, "6789a");
}

class EveryPolicy : public testing::TestWithParam<Policy> {};

// Whatever happens in whatever order: what is linked is what was admitted and neither forgotten nor
// given as a victim, and weighs what it should.
TEST_P(EveryPolicy, LosesNothingAndGivesNothingTwice) {
  std::mt19937 random(3);
  Shelved shelf(GetParam());
  std::set<char> linked;
  std::uint64_t weight = 0;
  for (int step = 0; step < 20'000; ++step) {
    const char name = static_cast<char>('!' + random() % 90);
    Entry& entry = shelf.entry(name, 1 + random() % 1000);
    switch (random() % 5) {
      case 0:
      case 1:
        if (linked.insert(name).second) {
          entry.residence.uses = 0;
          shelf.policy->admit(entry);
          weight += entry.residence.weight;
        }
        break;
      case 2:
        shelf.hit({&name, 1});
        break;
      case 3:
        if (linked.erase(name) == 1) weight -= entry.residence.weight;
        shelf.policy->forget(entry);
        break;
      default: {
        auto* const victim = static_cast<Entry*>(shelf.policy->victim());
        ASSERT_EQ(victim == nullptr, linked.empty());
        if (victim == nullptr) break;
        ASSERT_EQ(linked.count(victim->name), 1U);
        if (random() % 4 == 0) {
          shelf.policy->readmit(*victim);
        } else {
          linked.erase(victim->name);
          weight -= victim->residence.weight;
        }
      }
    }
    ASSERT_EQ(shelf.policy->bytes(), weight);
  }
}

// Everything was used: one call still ends soon.
TEST_P(EveryPolicy, OneVictimCostsABoundedNumberOfSteps) {
  const auto policy = make_policy(GetParam());
  std::deque<Entry> entries;
  for (int i = 0; i < 100'000; ++i) {
    Entry& entry = entries.emplace_back('x');
    policy->admit(entry);
    entry.residence.uses = EvictionPolicy::kUsesMax;
  }
  ASSERT_NE(policy->victim(), nullptr);
  const auto untouched = std::count_if(entries.begin(), entries.end(), [](const Entry& entry) {
    return entry.residence.uses == EvictionPolicy::kUsesMax;
  });
  EXPECT_GE(untouched, 100'000 - EvictionPolicy::kStepsMax - 1);
  while (policy->victim() != nullptr) {
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy,
                         testing::Values(Policy::kLru, Policy::kSieve, Policy::kS3Fifo),
                         [](const auto& info) {
                           return info.param == Policy::kLru     ? "Lru"
                                  : info.param == Policy::kSieve ? "Sieve"
                                                                 : "S3Fifo";
                         });

std::uint64_t scattered(std::uint64_t n) {
  std::mt19937_64 random(n);
  return random();
}

TEST(Ghost, RemembersForAWindowOfWeight) {
  Ghost ghost;
  ghost.add(scattered(1), 4096);
  ghost.add(scattered(2), 4096);
  EXPECT_FALSE(ghost.take(scattered(3), 1 << 20));
  EXPECT_TRUE(ghost.take(scattered(2), 1 << 20));
  EXPECT_FALSE(ghost.take(scattered(2), 1 << 20));  // Forgotten by being asked for.
  EXPECT_FALSE(ghost.take(scattered(1), 4096));     // Too much has left since.
}

TEST(Ghost, IsBounded) {
  Ghost ghost;
  ghost.expect(std::size_t{1} << 40);
  EXPECT_EQ(ghost.memory_bytes(), Ghost::kNamesMax * 8);
  Ghost small;
  small.expect(1000);
  for (std::uint64_t n = 0; n < 100'000; ++n) small.add(scattered(n), 1024);
  EXPECT_EQ(small.memory_bytes(), 1024U * 8);
  int remembered = 0;
  for (std::uint64_t n = 100'000 - 500; n < 100'000; ++n) {
    remembered += small.take(scattered(n), 1 << 30) ? 1 : 0;
  }
  EXPECT_GT(remembered, 450);  // The newest push out the oldest of their bucket.
}

TEST(ResidentTable, AgreesWithASetUnderCollisions) {
  std::mt19937 random(5);
  std::deque<Entry> entries;
  for (int i = 0; i < 500; ++i) {
    // Few hashes, close together: long runs that wrap round.
    entries.emplace_back('x').residence.hash = ~std::uint64_t{0} - random() % 40;
  }
  ResidentTable<Entry> table;
  std::set<const Entry*> model;
  for (int step = 0; step < 50'000; ++step) {
    Entry& entry = entries[random() % entries.size()];
    const std::uint64_t hash = entry.residence.hash;
    const auto is_it = [&](const Entry& other) { return &other == &entry; };
    ASSERT_EQ(table.find(hash, is_it) == &entry, model.contains(&entry));
    if (model.insert(&entry).second) {
      table.insert(hash, &entry);
    } else if (random() % 2 == 0) {
      table.erase(hash, &entry);
      model.erase(&entry);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  std::size_t visited = 0;
  table.for_each([&](const Entry& entry) { visited += model.count(&entry); });
  EXPECT_EQ(visited, model.size());
}

}  // namespace
}  // namespace cache
