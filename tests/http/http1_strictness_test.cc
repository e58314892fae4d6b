// Whatever two servers could read differently is refused: 400 (or the status that says it better),
// the connection closed, and the application never asked.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/http/http1_fixture.h"

namespace http {
namespace {

using namespace std::string_view_literals;

using testing::Client;
using testing::Closed;
using testing::status_of;

void expect_refused(std::string_view request, int status) {
  SCOPED_TRACE(request);
  Client client;
  client.script.reads_body = true;
  client.send(request);
  EXPECT_EQ(status_of(client.received), status) << client.received;
  EXPECT_EQ(client.closed, Closed::kGracefully);
  EXPECT_NE(client.received.find("connection: close\r\n"), std::string::npos);
  EXPECT_NE(client.received.find("content-type: application/problem+json\r\n"), std::string::npos);
  EXPECT_TRUE(client.script.requests.empty());
}

void expect_body_refused(std::string_view body) {
  SCOPED_TRACE(body);
  Client client;
  client.script.reads_body = true;
  client.send("POST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send(body);
  EXPECT_EQ(status_of(client.received), 400) << client.received;
  EXPECT_EQ(client.closed, Closed::kGracefully);
  EXPECT_EQ(client.script.request_body_ends, std::vector{Pulled::State::kFailed});
}

std::string with_field(std::string_view field) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n";
}
std::string post_with(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n0\r\n\r\n";
}
std::string with_target(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

TEST(Http1Strictness, RefusesTransferEncodingsOtherThanChunked) {
  for (const char* coding :
       {"xchunked", "chunked, identity", "identity", "gzip, chunked", "chunked, chunked",
        "chunked;q=1", "\"chunked\"", "chunked,", "", ",chunked", "x\tchunked"}) {
    expect_refused(post_with("Transfer-Encoding: " + std::string(coding)), 400);
  }
}

TEST(Http1Strictness, RefusesTwoTransferEncodings) {
  expect_refused(post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400);
  expect_refused(post_with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), 400);
}

TEST(Http1Strictness, RefusesTransferEncodingOnHttp10) {
  expect_refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

TEST(Http1Strictness, RefusesTransferEncodingBesideContentLength) {
  expect_refused(post_with("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400);
  expect_refused(post_with("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400);
}

TEST(Http1Strictness, RefusesTwoContentLengthsEvenWhenEqual) {
  expect_refused(post_with("Content-Length: 5\r\nContent-Length: 5"), 400);
  expect_refused(post_with("Content-Length: 5\r\nContent-Length: 6"), 400);
  expect_refused(post_with("Content-Length: 5, 5"), 400);
}

TEST(Http1Strictness, RefusesContentLengthsThatAreNoNumber) {
  for (const char* length : {"", "-1", "+5", "5 5", "0x5", "5.0", "five", "5,",
                             "9223372036854775808", "18446744073709551621"}) {
    expect_refused(post_with("Content-Length: " + std::string(length)), 400);
  }
}

TEST(Http1Strictness, RefusesFoldedFields) {
  expect_refused(with_field("X-A: 1\r\n folded"), 400);
  expect_refused(with_field("X-A: 1\r\n\tfolded"), 400);
  expect_refused(with_field("X-A:\r\n 1"), 400);
  expect_refused("GET / HTTP/1.1\r\n X-A: 1\r\nHost: a\r\n\r\n", 400);
}

TEST(Http1Strictness, RefusesBareLineFeeds) {
  expect_refused("GET / HTTP/1.1\nHost: a\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: a\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: a\r\n\n", 400);
  expect_refused("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
}

TEST(Http1Strictness, RefusesBareCarriageReturns) {
  expect_refused("GET / HTTP/1.1\rHost: a\r\n\r\n", 400);
  expect_refused(with_field("X-A: 1\rX-B: 2"), 400);
  expect_refused(with_field("X-A: 1\r\r\nX-B: 2"), 400);
  expect_refused("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
}

TEST(Http1Strictness, RefusesHttp11WithoutHostOrWithTwo) {
  expect_refused("GET / HTTP/1.1\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400);
  expect_refused("GET http://a/ HTTP/1.1\r\n\r\n", 400);
}

TEST(Http1Strictness, RefusesInvalidHosts) {
  for (const char* host :
       {"",     "a b",         "a,b",  "user@a", "a/b",        "a:",     "a:0",     "a:65536",
        "a:x",  "a:80:80",     "[::1", "[::1]x", "[nonsense]", "::1",    ":80",     "a%00b",
        "a\\b", "h\xc3\xb6st", "a?b",  "a#b",    "a;b",        "[::1]:", "http://a"}) {
    expect_refused(with_host(host), 400);
  }
}

TEST(Http1Strictness, RefusesWhiteSpaceBeforeTheColon) {
  expect_refused(with_field("X-A : 1"), 400);
  expect_refused(with_field("X-A\t: 1"), 400);
  expect_refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
  expect_refused(post_with("Content-Length : 5"), 400);
  expect_refused(post_with("Transfer-Encoding : chunked"), 400);
}

TEST(Http1Strictness, RefusesInvalidFieldNames) {
  for (const char* field : {": 1", "X A: 1", "X-\xc3\x84: 1", "X(A): 1", "X-A", "X\x01: 1",
                            "\"X\": 1", "X/A: 1", "X[A]: 1"}) {
    expect_refused(with_field(field), 400);
  }
}

TEST(Http1Strictness, RefusesInvalidFieldValues) {
  for (const char* field : {"X-A: \x01", "X-A: a\x7f", "X-A: \x1b[0m", "X-A: a\x0b\x0c"}) {
    expect_refused(with_field(field), 400);
  }
}

TEST(Http1Strictness, RefusesNul) {
  expect_refused("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400);
  expect_refused("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"sv, 400);
  expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX\0: 1\r\n\r\n"sv, 400);
  expect_refused("\0GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400);
}

TEST(Http1Strictness, RefusesInvalidTargets) {
  for (const char* target :
       {"v", "a:443", "*", "//", "http:///x", "http://", "ftp://a/", "http:/a", "http://user@a/",
        "http://a:b/", "/a#b", "http://a/#b", "?q", "\\", "http://a b/"}) {
    if (std::string_view(target) == "//") continue;  // A path with an empty first segment: legal.
    expect_refused(with_target(target), 400);
  }
}

TEST(Http1Strictness, RefusesControlsAndNonAsciiInTargets) {
  for (const char* target : {"/\x01", "/a\tb", "/\x7f", "/\xc3\xa4", "/\xff", "/a b"}) {
    expect_refused(with_target(target), 400);
  }
}

TEST(Http1Strictness, RefusesMalformedRequestLines) {
  for (const char* line :
       {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/11", "GET / HTTP/1.10", "GET", "GET ",
        "G{T / HTTP/1.1", "GET\t/ HTTP/1.1", "GET / HTTP/ 1.1", "GET / XTTP/1.1"}) {
    expect_refused(std::string(line) + "\r\nHost: a\r\n\r\n", 400);
  }
}

TEST(Http1Strictness, RefusesOtherVersions) {
  expect_refused("GET /\r\n", 505);
  expect_refused("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505);
  expect_refused("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505);
  expect_refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
  expect_refused("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505);
}

TEST(Http1Strictness, RefusesConnect) {
  expect_refused("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501);
  expect_refused("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
}

TEST(Http1Strictness, RefusesUnknownExpectations) {
  expect_refused(post_with("Content-Length: 5\r\nExpect: 200-ok"), 417);
  expect_refused(post_with("Content-Length: 5\r\nExpect: 100-continue, x"), 417);
}

TEST(Http1Strictness, RefusesMalformedConnectionFields) {
  expect_refused(with_field("Connection: close; x"), 400);
  expect_refused(with_field("Connection: a b"), 400);
}

TEST(Http1Strictness, RefusesAnythingThatIsNotHttpAtItsFirstByte) {
  Client client;
  client.send("\x16\x03\x01"sv);  // A TLS handshake: no line end in sight.
  EXPECT_EQ(status_of(client.received), 400);
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

TEST(Http1Strictness, ForgivesOneEmptyLineBeforeARequestButNotTwo) {
  Client client;
  client.send("\r\n" + testing::get());
  EXPECT_EQ(status_of(client.received), 200);
  expect_refused("\r\n\r\n" + testing::get(), 400);
}

TEST(Http1Strictness, RefusesInvalidChunkSizes) {
  for (const char* body : {"\r\n", "x\r\n", "-5\r\nhello\r\n", "+5\r\nhello\r\n",
                           "0x5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
                           "5\t;a\r\nhello\r\n", "5,\r\nhello\r\n", "5.0\r\nhello\r\n", ";a\r\n"}) {
    expect_body_refused(body);
  }
}

TEST(Http1Strictness, RefusesChunkSizesThatOverflow) {
  expect_body_refused("8000000000000000\r\n");
  expect_body_refused("ffffffffffffffff\r\n");
  expect_body_refused("10000000000000005\r\nhello\r\n");
  expect_body_refused("00000000000000005\r\nhello\r\n");  // 17 digits, however small.
}

TEST(Http1Strictness, RefusesBareLineEndsInChunkedBodies) {
  for (const char* body :
       {"5\nhello\r\n", "5\rhello\r\n", "5;a\nhello\r\n", "5;a=\"\n\"\r\nhello\r\n",
        "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhelloo\r\n", "0\r\n\n",
        "0\r\nA: b\n\r\n", "0\n\r\n", "0\r\r\n"}) {
    expect_body_refused(body);
  }
}

TEST(Http1Strictness, RefusesControlsInChunkExtensions) {
  expect_body_refused("5;a\x01\r\nhello\r\n");
  expect_body_refused("5;a=\"\0\"\r\nhello\r\n"sv);
}

TEST(Http1Strictness, RefusesMalformedTrailers) {
  for (const char* body :
       {"0\r\n: x\r\n\r\n", "0\r\n folded\r\n\r\n", "0\r\nA : x\r\n\r\n", "0\r\nA\r\n\r\n",
        "0\r\nA: \x01\r\n\r\n", "0\r\nA: x\r\n folded\r\n\r\n"}) {
    expect_body_refused(body);
  }
}

TEST(Http1Strictness, ABadChunkAfterTheResponseBeganCutsTheConnection) {
  Client client;
  client.script.on_start = [&](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
    EXPECT_EQ(exchange.request_body().pull(100).state, Pulled::State::kPending);
  };
  client.script.on_body_ready = [&](Exchange& exchange) {
    EXPECT_EQ(exchange.request_body().pull(100).state, Pulled::State::kFailed);
  };
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(status_of(client.received), 200);
  client.send("nonsense");
  EXPECT_EQ(client.closed, Closed::kAbruptly);
}

TEST(Http1Strictness, ReadsNothingAfterARefusedRequest) {
  Client client;
  client.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n" + testing::get("/smuggled"));
  client.send(testing::get("/smuggled"));
  EXPECT_TRUE(client.script.requests.empty());
}

TEST(Http1Strictness, AnswersARefusedHeadWithoutABody) {
  Client client;
  client.send("HEAD / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status_of(client.received), 400);
  EXPECT_TRUE(client.received.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace http
