// What becomes of a request's head on an HTTP/2 connection, and which heads are refused.
#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_fixture.h"

namespace http {
namespace {

using testing::Header;
using testing::Headers;
using testing::Http2Client;
using testing::request;
using testing::with;

TEST(Http2Head, GivesTheApplicationACleanHead) {
  Http2Client client;
  client.connect().send({{":method", "GET"},
                         {":scheme", "http"},
                         {":authority", "Video.Example:8443"},
                         {":path", "/v/1.mp4?t=3"},
                         {"range", "bytes=0-4"},
                         {"te", "trailers"},
                         {"x-one", "a b"}});
  ASSERT_EQ(client.app.requests.size(), 1U);
  const RequestHead& head = client.app.requests[0].head;
  EXPECT_EQ(head.version, Version::kHttp2);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.scheme, "https");  // What the connection is.
  EXPECT_EQ(head.authority, "video.example:8443");
  EXPECT_EQ(head.target, "/v/1.mp4?t=3");
  EXPECT_EQ(head.fields, (base::Fields{{"range", "bytes=0-4"}, {"x-one", "a b"}}));
  EXPECT_FALSE(head.has_body);
  EXPECT_FALSE(head.body_length.has_value());
}

TEST(Http2Head, JoinsTheCrumbsOfCookie) {
  Http2Client client;
  client.connect().send(with(request(), {{"cookie", "a=1"}, {"cookie", "b=2"}, {"x", "y"}}));
  EXPECT_EQ(client.app.requests.at(0).head.fields,
            (base::Fields{{"x", "y"}, {"cookie", "a=1; b=2"}}));
}

TEST(Http2Head, TakesHostForAMissingAuthority) {
  Http2Client client;
  client.connect().send({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "A"}});
  EXPECT_EQ(client.app.requests.at(0).head.authority, "a");
  EXPECT_TRUE(client.app.requests.at(0).head.fields.empty());
}

struct BadHead {
  const char* name;
  Headers headers;
  int status;  // 0: RST_STREAM PROTOCOL_ERROR.
};
class Http2BadHead : public ::testing::TestWithParam<BadHead> {};

TEST_P(Http2BadHead, IsRefusedOnItsStreamAlone) {
  Http2Client client;
  client.connect();
  const auto bad = client.send(GetParam().headers);
  if (GetParam().status == 0) {
    EXPECT_EQ(client.response(bad).reset, NGHTTP2_PROTOCOL_ERROR);
  } else {
    EXPECT_EQ(client.response(bad).status, GetParam().status);
  }
  EXPECT_TRUE(client.app.requests.empty());
  EXPECT_EQ(client.response(client.get()).status, 200);
}

Headers without(std::string_view name) {
  Headers headers = request();
  std::erase_if(headers, [&](const Header& header) { return header.first == name; });
  return headers;
}
Headers replaced(std::string_view name, std::string value) {
  Headers headers = request();
  for (Header& header : headers) {
    if (header.first == name) header.second = value;
  }
  return headers;
}

INSTANTIATE_TEST_SUITE_P(
    , Http2BadHead,
    ::testing::Values(
        BadHead{"NoMethod", without(":method"), 0}, BadHead{"NoScheme", without(":scheme"), 0},
        BadHead{"NoPath", without(":path"), 0}, BadHead{"NoAuthority", without(":authority"), 0},
        BadHead{"EmptyPath", replaced(":path", ""), 0},
        BadHead{"PathWithoutSlash", replaced(":path", "v/1"), 0},
        BadHead{"PathWithFragment", replaced(":path", "/v#1"), 400},
        BadHead{"PathWithSpace", replaced(":path", "/a b"), 0},
        BadHead{"StarForGet", replaced(":path", "*"), 0},
        BadHead{"OtherScheme", replaced(":scheme", "ftp"), 400},
        BadHead{"BadAuthority", replaced(":authority", "a@b"), 400},
        BadHead{"EmptyAuthority", replaced(":authority", ""), 0},
        BadHead{"HostDiffers", with(request(), {{"host", "other.example"}}), 400},
        BadHead{"TwoHosts", with(without(":authority"), {{"host", "a"}, {"host", "a"}}), 0},
        BadHead{"Connect", {{":method", "CONNECT"}, {":authority", "a:1"}}, 501},
        BadHead{"LatePseudo",
                {{":method", "GET"},
                 {"a", "b"},
                 {":scheme", "https"},
                 {":authority", "a"},
                 {":path", "/"}},
                0},
        BadHead{"UnknownPseudo", with({{":x", "y"}}, request()), 0},
        BadHead{"TwoPaths", with({{":path", "/"}}, request()), 0},
        BadHead{"Connection", with(request(), {{"connection", "close"}}), 0},
        BadHead{"TransferEncoding", with(request(), {{"transfer-encoding", "chunked"}}), 0},
        BadHead{"Upgrade", with(request(), {{"upgrade", "h2c"}}), 0},
        BadHead{"TeOther", with(request(), {{"te", "gzip"}}), 0},
        BadHead{"ControlInValue", with(request(), {{"x", std::string("a\x01")}}), 400},
        BadHead{"SpaceInName", with(request(), {{"a b", "c"}}), 400},
        BadHead{"LengthTwice", with(request(), {{"content-length", "0"}, {"content-length", "0"}}),
                0},
        BadHead{"LengthNoNumber", with(request(), {{"content-length", "+1"}}), 0},
        BadHead{"LengthWithoutBody", with(request(), {{"content-length", "5"}}), 0},
        BadHead{"OddExpectation", with(request(), {{"expect", "x"}}), 417}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Http2Head, RefusesUpperCaseNames) {
  Http2Client client;
  client.connect();
  // HEADERS, END_STREAM and END_HEADERS: three indexed pseudo-fields, ":authority: a", "A: b".
  client.frame(1, 5, 1,
               std::string("\x82\x87\x84\x41\x01"
                           "a\x00\x01"
                           "A\x01"
                           "b",
                           11));
  EXPECT_EQ(client.response(1).reset, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_TRUE(client.app.requests.empty());
}

}  // namespace
}  // namespace http
