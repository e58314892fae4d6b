#include "edge/selection.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

using http::ByteRange;

const base::Fields kStored{{"etag", "\"v1\""}, {"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"}};
const base::WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

Selection answer(const base::Fields& request, const base::Fields& stored = kStored,
                 std::optional<std::uint64_t> length = 1000, int status = 200) {
  return select(facts_of(request), status, stored, length, kNow);
}

TEST(Selection, GivesTheWholeWhenNothingElseIsAsked) { EXPECT_EQ(answer({}).status, 200); }

TEST(Selection, GivesSingleOpenAndSuffixRanges) {
  EXPECT_EQ(answer({{"range", "bytes=0-0"}}).ranges, (std::vector<ByteRange>{{0, 0}}));
  EXPECT_EQ(answer({{"range", "bytes=990-"}}).ranges, (std::vector<ByteRange>{{990, 999}}));
  EXPECT_EQ(answer({{"range", "bytes=-10"}}).ranges, (std::vector<ByteRange>{{990, 999}}));
  EXPECT_EQ(answer({{"range", "bytes=0-5000"}}).ranges, (std::vector<ByteRange>{{0, 999}}));
}

TEST(Selection, CoalescesOverlappingRanges) {
  EXPECT_EQ(answer({{"range", "bytes=0-9,5-19,30-39"}}).ranges,
            (std::vector<ByteRange>{{0, 19}, {30, 39}}));
}

TEST(Selection, RefusesRangesThatDoNotExistOrAreTooMany) {
  EXPECT_EQ(answer({{"range", "bytes=1000-"}}).status, 416);
  EXPECT_EQ(answer({{"range", "bytes=0-0,2-2,4-4,6-6"}}).status, 206);
  EXPECT_EQ(answer({{"range", "bytes=0-0,2-2,4-4,6-6,8-8"}}).status, 416);
}

TEST(Selection, IgnoresARangeThatIsNone) {
  EXPECT_EQ(answer({{"range", "bytes=9-0"}}).status, 200);
  EXPECT_EQ(answer({{"range", "lines=0-1"}}).status, 200);
}

TEST(Selection, IgnoresRangesWhileTheLengthIsUnknown) {
  EXPECT_EQ(answer({{"range", "bytes=0-9"}}, kStored, std::nullopt).status, 200);
}

TEST(Selection, IgnoresRangesAndConditionsOfErrors) {
  EXPECT_EQ(answer({{"range", "bytes=0-9"}}, kStored, 1000, 404).status, 404);
  EXPECT_EQ(answer({{"if-none-match", "\"v1\""}}, kStored, 1000, 404).status, 404);
}

TEST(Selection, IfRangeNeedsExactlyTheStoredVersion) {
  const auto with = [](const char* if_range) {
    return answer({{"range", "bytes=0-9"}, {"if-range", if_range}}).status;
  };
  EXPECT_EQ(with("\"v1\""), 206);
  EXPECT_EQ(with("\"v2\""), 200);
  EXPECT_EQ(with("W/\"v1\""), 200);
  EXPECT_EQ(with("Sun, 06 Nov 1994 08:49:37 GMT"), 206);
  EXPECT_EQ(with("Sun, 06 Nov 1994 08:49:38 GMT"), 200);
}

TEST(Selection, AWeakEntityTagNeverAllowsARange) {
  EXPECT_EQ(
      answer({{"range", "bytes=0-9"}, {"if-range", "W/\"v1\""}}, {{"etag", "W/\"v1\""}}).status,
      200);
}

TEST(Selection, IfNoneMatchComparesWeaklyAndWinsOverTheDate) {
  EXPECT_EQ(answer({{"if-none-match", "\"v1\""}}).status, 304);
  EXPECT_EQ(answer({{"if-none-match", "\"x\", W/\"v1\""}}).status, 304);
  EXPECT_EQ(answer({{"if-none-match", "*"}}).status, 304);
  EXPECT_EQ(answer({{"if-none-match", "\"a,b\",\"v2\""}}).status, 200);
  EXPECT_EQ(
      answer({{"if-none-match", "\"v2\""}, {"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}})
          .status,
      200);
}

TEST(Selection, IfModifiedSinceComparesDates) {
  EXPECT_EQ(answer({{"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 304);
  EXPECT_EQ(answer({{"if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 200);
  EXPECT_EQ(answer({{"if-modified-since", "yesterday"}}).status, 200);
}

TEST(Selection, FailedPreconditionsAre412) {
  EXPECT_EQ(answer({{"if-match", "\"v2\""}}).status, 412);
  EXPECT_EQ(answer({{"if-match", "W/\"v1\""}}).status, 412);
  EXPECT_EQ(answer({{"if-match", "\"v2\", \"v1\""}}).status, 200);
  EXPECT_EQ(answer({{"if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 412);
  EXPECT_EQ(answer({{"if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 200);
}

}  // namespace
}  // namespace edge
