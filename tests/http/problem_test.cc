#include "http/problem.h"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

TEST(Problem, SaysStatusTitleAndDetail) {
  EXPECT_EQ(to_json({.status = 404, .detail = "no such video"}),
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
            "\"detail\":\"no such video\"}\n");
  EXPECT_EQ(to_json({.status = 418, .type = "https://e.example/p", .title = "Tea"}),
            "{\"type\":\"https://e.example/p\",\"title\":\"Tea\",\"status\":418}\n");
}

TEST(Problem, NamesItsMediaTypeAndIsNotStored) {
  const ResponseHead head = head_of({.status = 502});
  EXPECT_EQ(head.status, 502);
  EXPECT_EQ(head.own.find("content-type"), "application/problem+json");
  EXPECT_EQ(head.own.find("cache-control"), "no-store");
}

TEST(Problem, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(escaped("a\"b\\c/"), "a\\\"b\\\\c/");
  EXPECT_EQ(escaped(std::string_view("\0\n\x1f", 3)), "\\u0000\\u000a\\u001f");
}

TEST(Problem, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(escaped("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(escaped("\xff"), replaced);
  EXPECT_EQ(escaped("\xc0\xaf"), replaced + replaced);                 // Overlong.
  EXPECT_EQ(escaped("\xed\xa0\x80"), replaced + replaced + replaced);  // A surrogate.
  EXPECT_EQ(escaped("\xc3"), replaced);                                // Cut short.
  EXPECT_EQ(escaped("\xc3\"x"), replaced + "\\\"x");
}

}  // namespace
}  // namespace http
