// Request bodies on an HTTP/1 connection: read, held back, refused, thrown away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/http/http1_fixture.h"

namespace http {
namespace {

using testing::Client;
using testing::Closed;
using ::testing::ElementsAre;
using testing::get;
using ::testing::HasSubstr;
using testing::status_of;

const std::string kUpload = "POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const std::string kChunkedUpload =
    "POST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Http1Session, ReadsABodyByContentLength) {
  Client client;
  client.script.reads_body = true;
  client.send(kUpload + "hel").send("lo" + get("/next"));
  EXPECT_EQ(client.script.request_body, "hello");
  EXPECT_EQ(client.script.requests[0].body_length, 5U);
  EXPECT_TRUE(client.script.requests[0].has_body);
  EXPECT_EQ(client.script.outcomes[0].body_bytes_received, 5U);
  EXPECT_EQ(client.script.requests.size(), 2U);
}

TEST(Http1Session, ReadsAChunkedBodyAndSkipsItsTrailers) {
  Client client;
  client.script.reads_body = true;
  client.send(kChunkedUpload +
              "5\r\nhello\r\n1;n=v;q=\"a;b\"\r\n \r\n005\r\nworld\r\n"
              "0;last\r\nX-Trailer: 1\r\nContent-Length: 7\r\n\r\n" +
              get("/next"));
  EXPECT_EQ(client.script.request_body, "hello world");
  EXPECT_FALSE(client.script.requests[0].body_length.has_value());
  EXPECT_FALSE(client.script.requests[0].fields.contains("x-trailer"));
  ASSERT_EQ(client.script.requests.size(), 2U);
  EXPECT_EQ(client.script.requests[1].target, "/next");
}

TEST(Http1Session, HoldsBackAClientWhoseBodyIsNotRead) {
  Client client;
  std::string taken;
  client.script.on_start = [](Exchange&) {};
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  const std::string bytes(1000, 'x');
  for (int i = 0; i < 1000 && client.input_wanted; ++i) client.send(bytes);
  EXPECT_FALSE(client.input_wanted);
  EXPECT_LE(client.session().buffered_bytes(), 140U << 10);
  BodySource& body = client.script.exchange->request_body();
  while (!client.input_wanted) {
    const Pulled pulled = body.pull(1000);
    ASSERT_EQ(pulled.state, Pulled::State::kPiece);
    EXPECT_LE(pulled.piece.size(), 1000U);
    taken += pulled.piece.view();
  }
  EXPECT_GE(taken.size(), 32U << 10);
}

TEST(Http1Session, SaysContinueAtTheFirstPull) {
  Client client;
  client.script.on_start = [](Exchange&) {};
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.received, "");
  EXPECT_FALSE(client.script.requests[0].fields.contains("expect"));
  EXPECT_EQ(client.script.exchange->request_body().pull(9).state, Pulled::State::kPending);
  client.settle();
  EXPECT_EQ(client.received, "HTTP/1.1 100 Continue\r\n\r\n");
  client.script.on_body_ready = [](Exchange& exchange) {
    EXPECT_EQ(exchange.request_body().pull(9).piece.view(), "hello");
    exchange.respond({.status = 201}, 0);
  };
  client.send("hello");
  EXPECT_THAT(client.received, HasSubstr("HTTP/1.1 201 Created\r\n"));
  EXPECT_EQ(client.closed, Closed::kNo);
}

TEST(Http1Session, SavesTheContinueWhenTheBodyIsHereAlready) {
  Client client;
  client.script.reads_body = true;
  client.send(
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(status_of(client.received), 200);
}

TEST(Http1Session, ClosesAfterRefusingABodyThatWaitsForContinue) {
  Client client;
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(status_of(client.received), 200);
  EXPECT_THAT(client.received, HasSubstr("connection: close"));
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

TEST(Http1Session, ThrowsAwayASmallBodyThatNobodyRead) {
  Client client;
  client.send(kUpload).send("hello" + get("/next"));
  ASSERT_EQ(client.script.requests.size(), 2U);
  EXPECT_EQ(client.script.requests[1].target, "/next");
  EXPECT_EQ(client.closed, Closed::kNo);
  client.send(kChunkedUpload).send("3\r\nabc\r\n").send("0\r\n\r\n" + get("/last"));
  ASSERT_EQ(client.script.requests.size(), 4U);
  EXPECT_EQ(client.script.requests[3].target, "/last");
}

TEST(Http1Session, ClosesRatherThanThrowAwayALargeBody) {
  Client known;
  known.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_THAT(known.received, HasSubstr("connection: close"));
  EXPECT_EQ(known.closed, Closed::kGracefully);

  Client unknown;
  unknown.send(kChunkedUpload + "fffff\r\n");
  EXPECT_EQ(unknown.closed, Closed::kNo);
  for (int i = 0; i < 66 && unknown.closed == Closed::kNo; ++i)
    unknown.send(std::string(1024, 'x'));
  EXPECT_EQ(unknown.closed, Closed::kGracefully);
}

TEST(Http1Session, ThrowsAwayABodyOfExactlyTheBound) {
  Client client;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
  client.send(std::string(65536, 'x') + get("/next"));
  EXPECT_EQ(client.script.requests.size(), 2U);
}

TEST(Http1Session, RefusesAChunkedBodyOverTheLimit) {
  Client at({.request_body_max = base::Bytes(5)});
  at.script.reads_body = true;
  at.send(kChunkedUpload + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(at.received), 200);
  Client over({.request_body_max = base::Bytes(5)});
  over.script.reads_body = true;
  over.send(kChunkedUpload + "3\r\nabc\r\n3\r\n");
  EXPECT_EQ(status_of(over.received), 413);
  EXPECT_EQ(over.closed, Closed::kGracefully);
  EXPECT_THAT(over.limits_passed, ElementsAre("request_body_max"));
  EXPECT_EQ(over.script.outcomes[0].ending, Ending::kLimit);
}

TEST(Http1Session, AnApplicationThatAnswersARefusedBodyIsNotHeard) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {
    EXPECT_EQ(exchange.request_body().pull(9).state, Pulled::State::kFailed);
    exchange.respond({.status = 200}, 0);
    EXPECT_EQ(exchange.request_body().pull(9).state, Pulled::State::kFailed);
    exchange.abort();
  };
  client.send(kChunkedUpload + "nonsense");
  EXPECT_EQ(status_of(client.received), 400);
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

}  // namespace
}  // namespace http
