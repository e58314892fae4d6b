#include "cache/purge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace cache {
namespace {

constexpr Seed kSeed = 5;

base::Ref<Object> object(const std::string& text, std::uint64_t admitted,
                         const std::vector<std::string>& tags = {}) {
  ObjectHead head;
  head.key_text = text;
  head.key = key_of(text, kSeed);
  head.purge_sequence = admitted;
  const std::string site = text.substr(0, text.find('\n'));
  for (const std::string& tag : tags) head.tags.push_back(tag_hash(site, tag, kSeed));
  std::ranges::sort(head.tags);
  return base::make_ref<Object>(std::move(head));
}

struct Table {
  explicit Table(std::size_t entries_max = 1'000) : table(kSeed, entries_max) {}
  std::uint64_t publish(PurgeKind kind, const std::string& text, bool soft = false) {
    table.publish({.kind = kind, .text = text, .soft = soft, .sequence = table.sequence() + 1});
    return table.sequence();
  }
  PurgeVerdict check(const base::Ref<Object>& object) const { return table.check(*object); }
  PurgeTable table;
};

TEST(PurgeTable, AUrlTakesAllItsVariantsAndNothingElse) {
  Table table;
  const auto plain = object("s\n/a", 0), variant = object("s\n/a\naccept-encoding=gzip", 0);
  const auto longer = object("s\n/ab", 0), elsewhere = object("t\n/a", 0);
  table.publish(PurgeKind::kUrl, "s\n/a");
  EXPECT_EQ(table.check(plain), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(variant), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(longer), PurgeVerdict::kKeep);
  EXPECT_EQ(table.check(elsewhere), PurgeVerdict::kKeep);
}

TEST(PurgeTable, APrefixTakesWhatBeginsWithIt) {
  Table table;
  const auto inside = object("s\n/show/1/a.ts", 0), outside = object("s\n/shop", 0);
  table.publish(PurgeKind::kPrefix, "s\n/show/");
  EXPECT_EQ(table.check(inside), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(outside), PurgeVerdict::kKeep);
}

TEST(PurgeTable, EverythingIsASiteOrAllSites) {
  Table table;
  const auto here = object("s\n/a", 0), there = object("t\n/a", 0);
  table.publish(PurgeKind::kEverything, "s\n");
  EXPECT_EQ(table.check(here), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(there), PurgeVerdict::kKeep);
  table.publish(PurgeKind::kEverything, "");
  EXPECT_EQ(table.check(there), PurgeVerdict::kHard);
}

TEST(PurgeTable, ATagIsASitesOwn) {
  Table table;
  const auto tagged = object("s\n/a", 0, {"news", "sport"}), other = object("t\n/a", 0, {"news"});
  table.publish(PurgeKind::kTag, "s\nnews");
  EXPECT_EQ(table.check(tagged), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(other), PurgeVerdict::kKeep);
}

TEST(PurgeTable, AFillThatWasSentBeforeThePurgeCantBringTheOldBytesBack) {
  Table table;
  const std::uint64_t sent = table.table.sequence();
  const std::uint64_t purged = table.publish(PurgeKind::kUrl, "s\n/a");
  EXPECT_EQ(table.check(object("s\n/a", sent)), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(object("s\n/a", purged)), PurgeVerdict::kKeep);
}

TEST(PurgeTable, ASoftPurgeStaysKnownAndAHardOneOverridesIt) {
  Table table;
  const auto it = object("s\n/a", 0);
  table.publish(PurgeKind::kUrl, "s\n/a", true);
  EXPECT_EQ(table.check(it), PurgeVerdict::kSoft);
  EXPECT_EQ(table.check(it), PurgeVerdict::kSoft);
  table.publish(PurgeKind::kUrl, "s\n/b");
  EXPECT_EQ(table.check(it), PurgeVerdict::kSoft);
  table.publish(PurgeKind::kUrl, "s\n/a");
  EXPECT_EQ(table.check(it), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(it), PurgeVerdict::kHard);
}

TEST(PurgeTable, TheSameTargetTakesOneEntry) {
  Table table;
  for (int i = 0; i < 100; ++i) table.publish(PurgeKind::kUrl, "s\n/a");
  EXPECT_EQ(table.table.entries(), 1U);
  EXPECT_EQ(table.table.sequence(), 100U);
}

TEST(PurgeTable, AtItsLimitTheOldestGiveWayToAFloor) {
  Table table(16);
  const auto old = object("s\n/untouched", 0);
  for (int i = 0; i < 16; ++i) table.publish(PurgeKind::kUrl, "s\n/" + std::to_string(i));
  EXPECT_EQ(table.table.entries(), 16U);
  EXPECT_EQ(table.table.floor(), 0U);
  EXPECT_EQ(table.check(old), PurgeVerdict::kKeep);
  table.publish(PurgeKind::kUrl, "s\n/one more");
  EXPECT_LE(table.table.entries(), 16U);
  EXPECT_GT(table.table.floor(), 0U);
  EXPECT_EQ(table.check(old), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(object("s\n/0", 0)), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(object("s\n/new", table.table.sequence())), PurgeVerdict::kKeep);
}

TEST(PurgeTable, AFloorIsKeptAcrossARestart) {
  Table table;
  table.table.set_floor(10);
  EXPECT_EQ(table.table.sequence(), 10U);
  EXPECT_EQ(table.check(object("s\n/a", 9)), PurgeVerdict::kHard);
  EXPECT_EQ(table.check(object("s\n/a", 10)), PurgeVerdict::kKeep);
}

// Against a model that keeps every purge and compares texts.
class Model {
 public:
  void publish(const Purge& purge) { purges_.push_back(purge); }
  [[nodiscard]] PurgeVerdict check(const Object& object, const std::vector<std::string>& tags,
                                   std::uint64_t floor) const {
    if (object.head().purge_sequence < floor) return PurgeVerdict::kHard;
    auto verdict = PurgeVerdict::kKeep;
    for (const Purge& purge : purges_) {
      if (purge.sequence <= object.head().purge_sequence || !matches(purge, object, tags)) continue;
      if (!purge.soft) return PurgeVerdict::kHard;
      verdict = PurgeVerdict::kSoft;
    }
    return verdict;
  }

 private:
  static bool matches(const Purge& purge, const Object& object,
                      const std::vector<std::string>& tags) {
    const std::string& text = object.key_text;
    const auto site_end = text.find('\n');
    const std::string plain = text.substr(0, text.find('\n', site_end + 1));
    switch (purge.kind) {
      case PurgeKind::kUrl:
        return plain == purge.text;
      case PurgeKind::kPrefix:
      case PurgeKind::kEverything:
        return plain.starts_with(purge.text);
      case PurgeKind::kTag:
        break;
    }
    return std::ranges::any_of(tags, [&](const std::string& tag) {
      return text.substr(0, site_end + 1) + tag == purge.text;
    });
  }
  std::vector<Purge> purges_;
};

TEST(PurgeTable, AgreesWithAModelThatForgetsNothing) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](std::uint32_t count) { return random() % count; };
    Table table(seed % 2 == 0 ? 1'000 : 12);
    Model model;
    struct Known {
      base::Ref<Object> object;
      std::vector<std::string> tags;
    };
    std::vector<Known> known;
    const auto site = [&] { return std::string(1, static_cast<char>('s' + pick(2))); };
    const auto path = [&] {
      std::string text = "/";
      for (std::uint32_t i = pick(4); i > 0; --i) text += static_cast<char>('a' + pick(2));
      return text;
    };
    for (int step = 0; step < 300; ++step) {
      if (pick(3) == 0) {
        Purge purge{.soft = pick(3) == 0, .sequence = table.table.sequence() + 1};
        switch (pick(8)) {
          case 0:
            purge.kind = PurgeKind::kEverything, purge.text = site() + "\n";
            break;
          case 1:
          case 2:
            purge.kind = PurgeKind::kPrefix, purge.text = site() + "\n" + path();
            break;
          case 3:
          case 4:
            purge.kind = PurgeKind::kTag;
            purge.text = site() + "\n" + std::to_string(pick(4));
            break;
          default:
            purge.kind = PurgeKind::kUrl, purge.text = site() + "\n" + path();
            break;
        }
        table.table.publish(purge);
        model.publish(purge);
      } else if (pick(2) == 0) {
        const std::string variant = pick(4) == 0 ? "\nx=y" : "";
        const std::uint64_t now = table.table.sequence();
        std::vector<std::string> tags;
        for (std::uint32_t i = pick(3); i > 0; --i) tags.push_back(std::to_string(pick(4)));
        known.push_back(
            {object(site() + "\n" + path() + variant, now - pick(3) % (now + 1), tags), tags});
      } else if (!known.empty()) {
        const Known& one = known[pick(static_cast<std::uint32_t>(known.size()))];
        const auto expected = model.check(*one.object, one.tags, table.table.floor());
        ASSERT_EQ(table.table.check(*one.object), expected)
            << "seed " << seed << ", step " << step << ": " << one.object->key_text;
      }
    }
  }
}

}  // namespace
}  // namespace cache
