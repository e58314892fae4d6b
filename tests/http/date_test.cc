#include "http/date.h"

#include <gtest/gtest.h>

#include <chrono>

namespace http {
namespace {

using namespace std::chrono_literals;
using base::WallTime;

constexpr WallTime kThen{784'111'777s};   // Sun, 06 Nov 1994 08:49:37 GMT.
constexpr WallTime kNow{1'700'000'000s};  // November 2023.

TEST(HttpDate, ReadsTheThreeForms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kThen);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kThen);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), kThen);
  EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 1994", kNow), kThen + std::chrono::days(10));
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const char* text : {"",
                           "0",
                           "-1",
                           "now",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "sun, 06 nov 1994 08:49:37 gmt",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Xxx, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Xxx 1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov 06 08:49:37 94"}) {
    EXPECT_EQ(parse_date(text, kNow), std::nullopt) << text;
  }
}

TEST(HttpDate, KnowsLeapDaysAndLeapSeconds) {
  EXPECT_TRUE(parse_date("Thu, 29 Feb 2024 00:00:00 GMT", kNow).has_value());
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow),
            parse_date("Sun, 01 Jan 2017 00:00:00 GMT", kNow));
}

TEST(HttpDate, AShortYearIsAtMostFiftyYearsAhead) {
  const auto year_of = [](const char* text) {
    const auto time = parse_date(text, kNow);
    return static_cast<int>(
        std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*time)).year());
  };
  EXPECT_EQ(year_of("Friday, 01-Jan-73 00:00:00 GMT"), 2073);
  EXPECT_EQ(year_of("Friday, 01-Jan-74 00:00:00 GMT"), 1974);
  EXPECT_EQ(year_of("Friday, 01-Jan-00 00:00:00 GMT"), 2000);
}

TEST(HttpDate, WritesImfFixdate) {
  EXPECT_EQ(format_date(kThen), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(kThen + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(WallTime(0s)), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, ReadsWhatItWrites) {
  for (std::int64_t day = -20'000; day < 60'000; day += 13) {
    const WallTime time{std::chrono::days(day) + 12'345s};
    EXPECT_EQ(parse_date(format_date(time), kNow), time);
  }
}

TEST(HttpDate, TheCurrentDateIsAboutNow) {
  const auto now = base::SystemClock().wall();
  const auto date = parse_date(current_date(), now);
  ASSERT_TRUE(date.has_value());
  EXPECT_LE(std::chrono::abs(*date - now), 2s);
}

}  // namespace
}  // namespace http
