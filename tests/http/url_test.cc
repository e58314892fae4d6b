#include "http/url.h"

#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = parse_url("HTTPS://Video.Example:8443/v/1.mp4?t=3");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "video.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/v/1.mp4?t=3");
  EXPECT_EQ(url->authority(), "video.example:8443");
}

TEST(Url, FillsInPortAndPath) {
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("https://a")->port, 443);
  EXPECT_EQ(parse_url("http://a")->authority(), "a");
  EXPECT_EQ(parse_url("http://a:80")->authority(), "a:80");
  EXPECT_EQ(parse_url("http://a")->target, "/");
  EXPECT_EQ(parse_url("http://a?x=1")->target, "/?x=1");
}

TEST(Url, KeepsAnAddressInBrackets) {
  const auto url = parse_url("http://[2001:DB8::1]:81/x");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "[2001:db8::1]");
  EXPECT_EQ(url->port, 81);
}

TEST(Url, LeavesDotsAndEncodingsAlone) {
  EXPECT_EQ(parse_url("http://a/b/../c%2f%")->target, "/b/../c%2f%");
}

TEST(Url, RefusesWhatCanBeReadInTwoWays) {
  for (const char* text : {"",
                           "a",
                           "/a",
                           "//a/",
                           "http:a",
                           "http:/a",
                           "http://",
                           "http:///x",
                           "ftp://a/",
                           "ws://a",
                           "http://user@a/",
                           "http://user:pw@a/",
                           "http://a@b",
                           "http://a:",
                           "http://a:0",
                           "http://a:080",
                           "http://a:65536",
                           "http://a:+1",
                           "http://a:1x",
                           "http://a b/",
                           "http://a/ b",
                           "http://a/#x",
                           "http://a#x",
                           "http://a\\b",
                           "http://a%41/",
                           "http://[::1",
                           "http://[::1]x",
                           "http://[1.2.3.4]",
                           "http://[::1%25eth0]",
                           "http://::1/",
                           "http://a/\x80",
                           "http://\xc3\xa4/",
                           "http://a/\n",
                           "http ://a",
                           " http://a",
                           "http://a\t"}) {
    EXPECT_FALSE(parse_url(text).has_value()) << text;
  }
}

TEST(Url, HostsEndAtTheirLimit) {
  EXPECT_TRUE(is_authority(std::string(kHostLengthMax, 'a') + ":80"));
  EXPECT_FALSE(is_authority(std::string(kHostLengthMax + 1, 'a')));
}

}  // namespace
}  // namespace http
