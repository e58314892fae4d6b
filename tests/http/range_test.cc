#include "http/range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<ByteRange> resolved(std::string_view value, std::uint64_t size) {
  const auto specs = parse_range(value);
  EXPECT_TRUE(specs.has_value()) << value;
  return specs ? resolve(*specs, size) : std::vector<ByteRange>();
}

TEST(Range, ReadsEveryForm) {
  EXPECT_THAT(*parse_range("bytes=5-9"), ElementsAre(RangeSpec{5, 9}));
  EXPECT_THAT(*parse_range("bytes=5-"), ElementsAre(RangeSpec{5, std::nullopt}));
  EXPECT_THAT(*parse_range("bytes=-9"), ElementsAre(RangeSpec{std::nullopt, 9}));
  EXPECT_THAT(*parse_range("Bytes=0-0, 2-2 ,\t-1"),
              ElementsAre(RangeSpec{0, 0}, RangeSpec{2, 2}, RangeSpec{std::nullopt, 1}));
  EXPECT_THAT(*parse_range("bytes=,0-0,,"), ElementsAre(RangeSpec{0, 0}));
}

TEST(Range, RefusesWhatIsNotASetOfByteRanges) {
  for (const char* value :
       {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-4",
        "bytes=1-2-3", "bytes=--1", "bytes=+1-2", "bytes=1 - 2", "bytes =1-2", "items=1-2",
        "bytes=0x1-2", "bytes=1-2;", "bytes: 1-2", " bytes=1-2", "bytes=1-2 3-4"}) {
    const auto specs = parse_range(value);
    ASSERT_FALSE(specs.has_value()) << value;
    EXPECT_EQ(specs.error().code, base::ErrorCode::kInvalid) << value;
  }
}

TEST(Range, NumbersEndAtTwoToTheSixtyThirdMinusOne) {
  EXPECT_TRUE(parse_range("bytes=0-9223372036854775807").has_value());
  EXPECT_FALSE(parse_range("bytes=0-9223372036854775808").has_value());
  EXPECT_FALSE(parse_range("bytes=18446744073709551616-").has_value());
  EXPECT_FALSE(parse_range("bytes=-99999999999999999999999").has_value());
  EXPECT_THAT(resolved("bytes=0-9223372036854775807", 10), ElementsAre(ByteRange{0, 9}));
}

TEST(Range, RefusesMoreRangesThanItsLimit) {
  std::string value = "bytes=0-0";
  for (std::size_t i = 1; i < kRangesParsedMax; ++i) value += ",0-0";
  EXPECT_TRUE(parse_range(value).has_value());
  value += ",0-0";
  EXPECT_EQ(parse_range(value).error().code, base::ErrorCode::kTooLarge);
  EXPECT_EQ(parse_range("bytes=0-0" + std::string(kRangesParsedMax, ',')).error().code,
            base::ErrorCode::kTooLarge);
}

TEST(Range, KeepsWithinTheBody) {
  EXPECT_THAT(resolved("bytes=5-99", 10), ElementsAre(ByteRange{5, 9}));
  EXPECT_THAT(resolved("bytes=9-", 10), ElementsAre(ByteRange{9, 9}));
  EXPECT_THAT(resolved("bytes=-3", 10), ElementsAre(ByteRange{7, 9}));
  EXPECT_THAT(resolved("bytes=-30", 10), ElementsAre(ByteRange{0, 9}));
}

TEST(Range, LeavesOutWhatDoesNotExist) {
  EXPECT_THAT(resolved("bytes=10-", 10), IsEmpty());
  EXPECT_THAT(resolved("bytes=-0", 10), IsEmpty());
  EXPECT_THAT(resolved("bytes=0-", 0), IsEmpty());
  EXPECT_THAT(resolved("bytes=-5", 0), IsEmpty());
  EXPECT_THAT(resolved("bytes=20-30,1-2", 10), ElementsAre(ByteRange{1, 2}));
}

TEST(Range, JoinsOverlappingAndTouchingRangesWhereTheFirstOfThemStood) {
  EXPECT_THAT(resolved("bytes=0-4,5-9", 20), ElementsAre(ByteRange{0, 9}));
  EXPECT_THAT(resolved("bytes=0-4,2-9", 20), ElementsAre(ByteRange{0, 9}));
  EXPECT_THAT(resolved("bytes=0-4,6-9", 20), ElementsAre(ByteRange{0, 4}, ByteRange{6, 9}));
  EXPECT_THAT(resolved("bytes=15-,0-1,10-14", 20), ElementsAre(ByteRange{10, 19}, ByteRange{0, 1}));
  EXPECT_THAT(resolved("bytes=0-1,8-9,4-5,2-7", 20), ElementsAre(ByteRange{0, 9}));
}

TEST(Range, KeepsTheOrderAsked) {
  EXPECT_THAT(resolved("bytes=10-11,0-1,5-6", 20),
              ElementsAre(ByteRange{10, 11}, ByteRange{0, 1}, ByteRange{5, 6}));
}

TEST(ContentRange, ReadsBothForms) {
  const auto whole = parse_content_range("bytes 0-4/10");
  EXPECT_EQ(whole->range, (ByteRange{0, 4}));
  EXPECT_EQ(whole->size, 10U);
  EXPECT_EQ(parse_content_range("bytes 0-4/*")->size, std::nullopt);
  EXPECT_EQ(parse_content_range("bytes */10")->range, std::nullopt);
}

TEST(ContentRange, RefusesWhatContradictsItself) {
  for (const char* value : {"", "bytes", "bytes 0-4", "bytes 0-10/10", "bytes 5-4/10", "bytes */*",
                            "bytes -4/10", "bytes 0-/10", "bytes=0-4/10", "items 0-4/10",
                            "bytes 0-4/", "bytes 0-4/1 0", "bytes 0-4/9223372036854775808"}) {
    EXPECT_FALSE(parse_content_range(value).has_value()) << value;
  }
}

TEST(ContentRange, WritesWhatItReads) {
  EXPECT_EQ(format_content_range({0, 4}, 10), "bytes 0-4/10");
  EXPECT_EQ(format_unsatisfied(10), "bytes */10");
  EXPECT_EQ(parse_content_range(format_content_range({3, 7}, 9))->range, (ByteRange{3, 7}));
}

}  // namespace
}  // namespace http
