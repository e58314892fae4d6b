#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/freshness.h"

namespace cache {
namespace {

using base::Fields;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(StorableFields, LeaveOutWhatIsForTheConnection) {
  const Fields stored = storable_fields({{"connection", "a, B"},
                                         {"a", "1"},
                                         {"b", "2"},
                                         {"c", "3"},
                                         {"keep-alive", "timeout=5"},
                                         {"proxy-authenticate", "x"},
                                         {"proxy-connection", "close"},
                                         {"te", "trailers"},
                                         {"transfer-encoding", "chunked"},
                                         {"upgrade", "h2c"}});
  EXPECT_EQ(stored, (Fields{{"c", "3"}}));
}

TEST(UpdatedBy304, ReplacesWhatItBrings) {
  const Fields updated =
      updated_by_304({{"cache-control", "max-age=1"}, {"x", "old"}, {"x", "older"}, {"kept", "1"}},
                     {{"x", "new"},
                      {"cache-control", "max-age=9"},
                      {"added", "1"},
                      {"connection", "gone"},
                      {"gone", "1"}});
  EXPECT_EQ(updated,
            (Fields{{"kept", "1"}, {"x", "new"}, {"cache-control", "max-age=9"}, {"added", "1"}}));
}

TEST(UpdatedBy304, NeverWhatDescribesTheStoredBytes) {
  const Fields stored{{"content-length", "5"},
                      {"content-encoding", "gzip"},
                      {"etag", "\"a\""},
                      {"content-md5", "x"}};
  const Fields updated = updated_by_304(stored, {{"content-length", "0"},
                                                 {"content-encoding", "br"},
                                                 {"etag", "\"b\""},
                                                 {"content-md5", "y"},
                                                 {"content-range", "bytes 0-1/2"},
                                                 {"content-type", "text/plain"}});
  Fields expected = stored;
  expected.add("content-type", "text/plain");
  EXPECT_EQ(updated, expected);
}

TEST(UpdatedBy304, TheOldDateAndAgeAreGone) {
  EXPECT_EQ(updated_by_304({{"date", "then"}, {"age", "9"}}, {}), Fields{});
  EXPECT_EQ(updated_by_304({{"date", "then"}}, {{"date", "now"}, {"age", "1"}}),
            (Fields{{"date", "now"}, {"age", "1"}}));
}

TEST(StrongEtag, IsStrongAndOneAndWellFormed) {
  EXPECT_EQ(strong_etag({{"etag", "\"abc\""}}), "\"abc\"");
  EXPECT_EQ(strong_etag({{"etag", "\"\""}}), "\"\"");
  for (const std::string_view etag :
       {"W/\"abc\"", "abc", "\"", "\"a\"b\"", "\"a b\"", "", "\"abc"}) {
    EXPECT_EQ(strong_etag({{"etag", etag}}), "") << etag;
  }
  EXPECT_EQ(strong_etag({{"etag", "\"a\""}, {"etag", "\"a\""}}), "");
  EXPECT_EQ(strong_etag({}), "");
}

TEST(SurrogateKeys, ComeFromThreeFields) {
  const Fields response{{"surrogate-key", " a  b,c\t"},
                        {"xkey", "d e,f"},
                        {"cache-tag", "g,h , i"},
                        {"other", "no"},
                        {"surrogate-key", "z"}};
  EXPECT_THAT(surrogate_keys(response), ElementsAre("a", "b,c", "d", "e", "f", "g", "h", "i", "z"));
}

TEST(VaryNames, AreSortedLowerCaseAndOnce) {
  EXPECT_THAT(vary_names({{"vary", "Foo, bar,,"}, {"vary", " FOO"}}), ElementsAre("bar", "foo"));
  EXPECT_THAT(vary_names({{"vary", "X-Forwarded-For, Origin, forwarded, Via, X-Request-Id"}}),
              ElementsAre("origin"));
  EXPECT_THAT(vary_names({}), IsEmpty());
  EXPECT_THAT(vary_names({{"vary", ""}}), IsEmpty());
  for (const std::string_view star : {"*", "*, *", ", *", "*, Foo", "Foo, *"}) {
    EXPECT_THAT(vary_names({{"vary", star}}), ElementsAre("*")) << star;
  }
  EXPECT_THAT(vary_names({{"vary", ""}, {"vary", "*"}}), ElementsAre("*"));
}

std::string variant(const std::string& name, const Fields& request) {
  return variant_text("key", {name}, request);
}

TEST(Variant, NamesEachFieldOrItsAbsence) {
  EXPECT_EQ(variant_text("key", {"bar", "foo"}, {{"foo", "1"}}), "key\nbar\nfoo=1");
  EXPECT_NE(variant("foo", {{"foo", ""}}), variant("foo", {}));
  EXPECT_EQ(variant_text("key", {}, {{"foo", "1"}}), "key");
}

TEST(Variant, ListsAreTheSameHoweverTheyAreWritten) {
  EXPECT_EQ(variant("foo", {{"foo", "1"}, {"foo", "2"}}), variant("foo", {{"foo", " 1 ,\t2 "}}));
  EXPECT_NE(variant("foo", {{"foo", "1, 2"}}), variant("foo", {{"foo", "2, 1"}}));
  EXPECT_NE(variant("foo", {{"foo", "\"1,  2\""}}), variant("foo", {{"foo", "\"1,2\""}}));
}

TEST(Variant, EncodingsAreReducedToThoseThatMatter) {
  const auto encodings = [](std::string_view value) {
    return variant("accept-encoding", {{"accept-encoding", value}});
  };
  EXPECT_EQ(encodings("gzip, deflate, br"), "key\naccept-encoding=br,gzip");
  EXPECT_EQ(encodings("BR;q=0.9,x-gzip, gzip"), encodings("gzip, br"));
  EXPECT_EQ(encodings("gzip;q=0, zstd"), "key\naccept-encoding=zstd");
  EXPECT_EQ(encodings("identity"), encodings(""));
  EXPECT_NE(encodings("gzip, identity;q=0"), encodings("gzip"));
  EXPECT_NE(encodings("*"), encodings(""));
}

TEST(Variant, LanguagesAreInOrderOfPreference) {
  const auto languages = [](std::string_view value) {
    return variant("accept-language", {{"accept-language", value}});
  };
  EXPECT_EQ(languages("en, de"), languages(" De ,eN"));
  EXPECT_EQ(languages("fr;q=0.5, de;q=1.0"), "key\naccept-language=de,fr;q=500");
  EXPECT_NE(languages("en, de;q=0.9"), languages("de, en;q=0.9"));
}

}  // namespace
}  // namespace cache
