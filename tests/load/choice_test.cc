#include "bench/load/choice.h"

#include <gtest/gtest.h>

#include <vector>

namespace load {
namespace {

std::vector<int> counts(std::string_view rule, std::size_t objects, int requests) {
  Choice choice(*parse_choice(rule), objects);
  Random random(1);
  std::vector<int> found(objects);
  for (int i = 0; i < requests; ++i) ++found.at(choice.next(random));
  return found;
}

TEST(Choice, GoesThroughTheListInOrder) {
  Choice choice(*parse_choice("sequential"), 3);
  Random random(1);
  std::vector<std::size_t> found;
  for (int i = 0; i < 5; ++i) found.push_back(choice.next(random));
  EXPECT_EQ(found, (std::vector<std::size_t>{0, 1, 2, 0, 1}));
}

TEST(Choice, ChoosesUniformly) {
  for (const int count : counts("uniform", 10, 100'000)) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Choice, ChoosesByZipfsLaw) {
  const auto found = counts("zipf:1", 1000, 1'000'000);
  // 1 / H(1000) = 0.1336
  EXPECT_NEAR(found[0], 133'600, 2'000);
  EXPECT_NEAR(found[1], 66'800, 1'500);
  EXPECT_NEAR(found[9], 13'360, 800);
}

TEST(Choice, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:3.1", "zipf:1x", "lru"}) {
    EXPECT_FALSE(parse_choice(text)) << text;
  }
}

}  // namespace
}  // namespace load
