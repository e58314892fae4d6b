#include "cache/answer.h"

#include <gtest/gtest.h>

namespace cache {
namespace {

using Kind = Answer::Kind;

const Question kWhole{.kind = Question::Kind::kWhole};
const Question kOpening{.kind = Question::Kind::kOpeningRange, .first = 100, .last = 199};
const Question kRevalidation{.kind = Question::Kind::kRevalidation, .etag = "\"a\""};
const Question kMissing{
    .kind = Question::Kind::kChunks, .first = 100, .last = 199, .size = 1'000, .etag = "\"a\""};

base::Fields part(std::string_view range, std::string_view etag = "\"a\"") {
  return {{"content-range", range}, {"etag", etag}};
}

TEST(Answer_, APlainResponseIsWholeWithTheLengthItAnnounces) {
  const Answer answer = read_answer(kWhole, 200, {{"content-length", "12"}});
  EXPECT_EQ(answer.kind, Kind::kWhole);
  EXPECT_EQ(answer.size, 12u);
  EXPECT_EQ(read_answer(kWhole, 200, {}).size, std::nullopt);
  EXPECT_EQ(read_answer(kWhole, 404, {}).kind, Kind::kWhole);
}

TEST(Answer_, WhatWasNotAskedForIsBroken) {
  EXPECT_EQ(read_answer(kWhole, 206, part("bytes 0-1/2")).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kWhole, 304, {}).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kMissing, 304, {}).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kOpening, 304, {}).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kRevalidation, 206, part("bytes 0-1/2")).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kWhole, 199, {}).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kWhole, 600, {}).kind, Kind::kBroken);
}

TEST(Answer_, ALengthThatIsNoNumberOrTwoNumbersIsBroken) {
  EXPECT_EQ(read_answer(kWhole, 200, {{"content-length", "-1"}}).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kWhole, 200, {{"content-length", "1x"}}).kind, Kind::kBroken);
  EXPECT_EQ(read_answer(kWhole, 200, {{"content-length", "9223372036854775808"}}).kind,
            Kind::kBroken);
  EXPECT_EQ(read_answer(kWhole, 200, {{"content-length", "1"}, {"content-length", "2"}}).kind,
            Kind::kBroken);
}

TEST(Answer_, APartMustBeginWhereItWasAskedAndNotGoBeyond) {
  // Asked for an unknown object, another part may still be what the client himself wants.
  for (const auto& [question, wrong] :
       {std::pair(kOpening, Kind::kNoUse), std::pair(kMissing, Kind::kBroken)}) {
    EXPECT_EQ(read_answer(question, 206, part("bytes 100-199/1000")).kind, Kind::kPart);
    EXPECT_EQ(read_answer(question, 206, part("bytes 100-150/1000")).kind, Kind::kPart);
    EXPECT_EQ(read_answer(question, 206, part("bytes 99-199/1000")).kind, wrong);
    EXPECT_EQ(read_answer(question, 206, part("bytes 101-199/1000")).kind, wrong);
    EXPECT_EQ(read_answer(question, 206, part("bytes 100-200/1000")).kind, wrong);
  }
}

TEST(Answer_, APartsLengthMustBeItsRange) {
  base::Fields fields = part("bytes 100-199/1000");
  fields.set("content-length", "100");
  EXPECT_EQ(read_answer(kMissing, 206, fields).kind, Kind::kPart);
  fields.set("content-length", "99");
  EXPECT_EQ(read_answer(kMissing, 206, fields).kind, Kind::kBroken);
}

TEST(Answer_, AnotherSizeOrEtagMeansThatTheObjectChanged) {
  EXPECT_EQ(read_answer(kMissing, 206, part("bytes 100-199/1001")).kind, Kind::kChanged);
  EXPECT_EQ(read_answer(kMissing, 206, part("bytes 100-199/*")).kind, Kind::kChanged);
  EXPECT_EQ(read_answer(kMissing, 206, part("bytes 100-199/1000", "\"b\"")).kind, Kind::kChanged);
  EXPECT_EQ(read_answer(kMissing, 206, {{"content-range", "bytes 100-199/1000"}}).kind,
            Kind::kChanged);
  EXPECT_EQ(read_answer(kMissing, 416, {}).kind, Kind::kChanged);
}

TEST(Answer_, AnErrorToAMissingChunkSaysNothingAboutTheObject) {
  EXPECT_EQ(read_answer(kMissing, 503, {}).kind, Kind::kRefused);
  EXPECT_EQ(read_answer(kMissing, 404, {}).kind, Kind::kRefused);
}

TEST(Answer_, AnOpeningPartIsOfUseOnlyWithSizeAndStrongValidator) {
  EXPECT_EQ(read_answer(kOpening, 206, part("bytes 100-199/*")).kind, Kind::kNoUse);
  EXPECT_EQ(read_answer(kOpening, 206, part("bytes 100-199/1000", "W/\"a\"")).kind, Kind::kNoUse);
  EXPECT_EQ(read_answer(kOpening, 206, {{"content-type", "multipart/byteranges"}}).kind,
            Kind::kNoUse);
  EXPECT_EQ(read_answer(kOpening, 416, {{"content-range", "bytes */50"}}).kind, Kind::kNoUse);
}

TEST(Answer_, A304IsAboutWhatWeHoldUnlessItsValidatorSaysOtherwise) {
  EXPECT_EQ(read_answer(kRevalidation, 304, {}).kind, Kind::kNotModified);
  EXPECT_EQ(read_answer(kRevalidation, 304, {{"etag", "\"a\""}}).kind, Kind::kNotModified);
  EXPECT_EQ(read_answer(kRevalidation, 304, {{"etag", "W/\"b\""}}).kind, Kind::kNotModified);
  EXPECT_EQ(read_answer(kRevalidation, 304, {{"etag", "\"b\""}}).kind, Kind::kOther);
}

TEST(Answer_, ContentRangeIsReadStrictly) {
  EXPECT_EQ(parse_part_range("bytes 0-4/10"), (PartRange{0, 4, 10}));
  EXPECT_EQ(parse_part_range("BYTES 0-4/*"), (PartRange{0, 4, std::nullopt}));
  EXPECT_EQ(parse_part_range("bytes */10"), (PartRange{std::nullopt, std::nullopt, 10}));
  for (const char* wrong :
       {"", "bytes", "bytes ", "bytes 0-4", "bytes 4-0/10", "bytes 0-10/10", "bytes -4/10",
        "bytes 0-/10", "bytes 0-4/", "bytes 0 - 4/10", "bytes */*", "items 0-4/10",
        "bytes 0-4/10,5-6/10", "bytes +0-4/10", "bytes 0-9223372036854775808/*"}) {
    EXPECT_EQ(parse_part_range(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace cache
