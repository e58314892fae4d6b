#include "http/message.h"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

TEST(RequestHead, HostIsTheAuthorityWithoutItsPort) {
  RequestHead head;
  for (const auto& [authority, host] : {std::pair("video.example", "video.example"),
                                        {"video.example:80", "video.example"},
                                        {"[::1]", "[::1]"},
                                        {"[::1]:8080", "[::1]"},
                                        {"", ""}}) {
    head.authority = authority;
    EXPECT_EQ(head.host(), host);
  }
}

TEST(Message, TokensAreTokens) {
  EXPECT_TRUE(is_token("GET"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const char* text :
       {"", " ", "a b", "a:", "a\t", "\x7f", "\xc3\xa4", "a(", "a/", "\"", "a,"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

TEST(Message, FieldValuesHoldNoControlsButTab) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a\tb \xc3\xa4"));
  for (int c = 0; c < 0x20; ++c) {
    EXPECT_EQ(is_field_value(std::string(1, static_cast<char>(c))), c == '\t');
  }
  EXPECT_FALSE(is_field_value("\x7f"));
}

TEST(Message, StatusesHaveReasons) {
  EXPECT_EQ(reason_of(206), "Partial Content");
  EXPECT_EQ(reason_of(299), "");
  EXPECT_EQ(name_of(Version::kHttp2), "HTTP/2.0");
}

}  // namespace
}  // namespace http
