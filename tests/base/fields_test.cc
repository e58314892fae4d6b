#include "base/fields.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Fields, KeepsNamesInLowerCaseAndValuesAsReceived) {
  const Fields fields{{"Content-Type", "Video/MP4"}};
  EXPECT_EQ(fields[0].name, "content-type");
  EXPECT_EQ(fields[0].value, "Video/MP4");
}

TEST(Fields, JoinsRepeatedNamesInOrder) {
  const Fields fields{{"Vary", "Accept"}, {"ETag", "\"1\""}, {"vary", "Origin"}};
  EXPECT_EQ(fields.joined("vary"), "Accept, Origin");
  EXPECT_EQ(fields.count("vary"), 2U);
  EXPECT_EQ(*fields.find("vary"), "Accept");
  EXPECT_EQ(fields.joined("age"), "");
  EXPECT_FALSE(fields.contains("age"));
}

TEST(Fields, SettingLeavesOneOfTheName) {
  Fields fields{{"Via", "1.1 a"}, {"Age", "1"}, {"Via", "1.1 b"}};
  fields.set("VIA", "1.1 c");
  EXPECT_EQ(fields, (Fields{{"age", "1"}, {"via", "1.1 c"}}));
}

TEST(Fields, RemovingIgnoresCaseAndLeavesTheRest) {
  Fields fields{{"Connection", "close"}, {"Host", "a"}, {"connection", "te"}};
  fields.remove("Connection");
  EXPECT_EQ(fields, (Fields{{"host", "a"}}));
  EXPECT_EQ(fields.text_bytes(), 5U);
  fields.clear();
  EXPECT_TRUE(fields.empty());
}

TEST(Fields, CopiesDoNotShareText) {
  Fields first{{"a", "1"}};
  Fields second = first;
  second.set("a", "2");
  EXPECT_EQ(*first.find("a"), "1");
}

TEST(Fields, ComparesTokensInAsciiOnly) {
  EXPECT_TRUE(equals_ignoring_case("GZip", "gzip"));
  EXPECT_FALSE(equals_ignoring_case("gzip", "gzi"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // Differ in the case bit alone.
  EXPECT_FALSE(equals_ignoring_case("\xc3\x84", "\xc3\xa4"));
  EXPECT_EQ(to_lower("Ab-\xc3\x84"), "ab-\xc3\x84");
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

}  // namespace
}  // namespace base
