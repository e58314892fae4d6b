#include "base/duration.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono::milliseconds;

TEST(Duration, ReadsANumberAndAUnit) {
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(*parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(*parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(*parse_duration("30d"), milliseconds(2'592'000'000));
  EXPECT_EQ(*parse_duration("0s"), milliseconds(0));
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "s", "10", "1.5s", "-1s", "+1s", "1 s", " 1s", "1S", "1w", "1h30m",
                           "9223372036854775808ms", "106751991168d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, HoldsTheLargestThatFits) {
  EXPECT_EQ(parse_duration("9223372036854775807ms")->count(), 9'223'372'036'854'775'807);
  EXPECT_TRUE(parse_duration("106751991167d"));
}

TEST(Duration, WritesTheLargestUnitThatGivesAWholeNumber) {
  EXPECT_EQ(to_string(milliseconds(0)), "0s");
  EXPECT_EQ(to_string(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(to_string(milliseconds(90'000)), "90s");
  EXPECT_EQ(to_string(milliseconds(86'400'000)), "1d");
}

}  // namespace
}  // namespace base
