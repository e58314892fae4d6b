// The life of exchanges on an HTTP/1 connection: keep-alive, pipelining, bodies both ways, endings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/http/http1_fixture.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::Closed;
using ::testing::ElementsAre;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::status_of;

Pulled piece(std::string text) { return Pulled::some(base::Slice::of(std::move(text))); }

std::string body_of(std::string_view response) {
  return std::string(response.substr(response.find("\r\n\r\n") + 4));
}

const std::string kUpload = "POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const std::string kChunkedUpload =
    "POST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// ---- Heads

TEST(Http1Session, GivesTheApplicationACleanHead) {
  Client client;
  client.tls = true;
  client.send(
      "GET /v/1.mp4?t=3&u=%20 HTTP/1.1\r\nhOsT: Video.Example:8443\r\nX-One:  a b\t\r\n"
      "Range: bytes=0-4\r\nX-One: c\r\nEmpty:\r\n\r\n");
  ASSERT_EQ(client.script.requests.size(), 1U);
  const RequestHead& head = client.script.requests[0];
  EXPECT_EQ(head.version, Version::kHttp11);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.scheme, "https");
  EXPECT_EQ(head.authority, "video.example:8443");
  EXPECT_EQ(head.host(), "video.example");
  EXPECT_EQ(head.target, "/v/1.mp4?t=3&u=%20");
  EXPECT_EQ(
      head.fields,
      (base::Fields{{"x-one", "a b"}, {"range", "bytes=0-4"}, {"x-one", "c"}, {"empty", ""}}));
  EXPECT_FALSE(head.has_body);
  EXPECT_FALSE(head.body_length.has_value());
}

TEST(Http1Session, DropsWhatBelongsToTheConnection) {
  Client client;
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Gone, keep-alive\r\nx-gone: 1\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n"
      "Upgrade: h2c\r\nContent-Length: 0\r\nX-Kept: 1\r\nConnection: X-Too\r\nX-Too: 2\r\n\r\n");
  ASSERT_EQ(client.script.requests.size(), 1U);
  EXPECT_EQ(client.script.requests[0].fields, (base::Fields{{"x-kept", "1"}}));
  EXPECT_EQ(client.script.requests[0].body_length, 0U);
  EXPECT_FALSE(client.script.requests[0].has_body);
}

TEST(Http1Session, TheClientCannotNameFramingAwayByConnection) {
  Client client;
  client.script.reads_body = true;
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length, Host\r\nContent-Length: 5\r\n\r\n"
      "hello" +
      get());
  EXPECT_EQ(client.script.request_body, "hello");
  EXPECT_EQ(client.script.requests.size(), 2U);
  EXPECT_EQ(client.script.requests[0].authority, "a");
}

TEST(Http1Session, TakesAnAbsoluteTargetApartAndItsAuthorityWins) {
  Client client;
  client.send("GET http://Video.Example:81/v?x=1 HTTP/1.1\r\nHost: other.example\r\n\r\n");
  client.send("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n");
  client.send("GET HTTPS://b?x HTTP/1.1\r\nHost: a\r\n\r\n");
  client.send("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n");
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(client.script.requests.size(), 5U);
  EXPECT_EQ(client.script.requests[0].authority, "video.example:81");
  EXPECT_EQ(client.script.requests[0].target, "/v?x=1");
  EXPECT_EQ(client.script.requests[1].target, "/");
  EXPECT_EQ(client.script.requests[2].target, "/?x");
  EXPECT_EQ(client.script.requests[2].scheme, "http");  // What the connection is.
  EXPECT_EQ(client.script.requests[3].target, "*");
  EXPECT_EQ(client.script.requests[4].target, "*");
}

TEST(Http1Session, AcceptsTheHostsThatPeopleUse) {
  for (const char* host : {"a", "video.example", "video.example:8443", "127.0.0.1:80", "[::1]",
                           "[2001:DB8::1]:443", "a_b-c.example.", "xn--hst-sna.example"}) {
    Client client;
    client.send("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    EXPECT_EQ(status_of(client.received), 200) << host;
  }
}

TEST(Http1Session, AcceptsHttp10WithoutHost) {
  Client client;
  client.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_EQ(client.script.requests.size(), 1U);
  EXPECT_EQ(client.script.requests[0].version, Version::kHttp10);
  EXPECT_EQ(client.script.requests[0].authority, "");
}

// ---- Keep-alive and pipelining

TEST(Http1Session, KeepsAnHttp11Connection) {
  Client client;
  client.send(get());
  EXPECT_THAT(client.received, Not(HasSubstr("connection:")));
  client.send(get());
  EXPECT_EQ(client.script.requests.size(), 2U);
  EXPECT_EQ(client.closed, Closed::kNo);
  EXPECT_TRUE(client.session().idle());
}

TEST(Http1Session, ClosesWhenTheClientAsks) {
  Client client;
  client.send(get("/", "Connection: close\r\n") + get());
  EXPECT_THAT(client.received, HasSubstr("connection: close\r\n"));
  EXPECT_EQ(client.closed, Closed::kGracefully);
  EXPECT_EQ(client.script.requests.size(), 1U);
}

TEST(Http1Session, ClosesHttp10UnlessAskedToKeepIt) {
  Client once;
  once.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(once.closed, Closed::kGracefully);
  Client kept;
  kept.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  EXPECT_THAT(kept.received, HasSubstr("connection: keep-alive\r\n"));
  EXPECT_EQ(kept.closed, Closed::kNo);
}

TEST(Http1Session, ClosesAfterItsShareOfRequests) {
  Client client({.requests_per_connection_max = 2});
  client.send(get());
  EXPECT_EQ(client.closed, Closed::kNo);
  client.send(get());
  EXPECT_EQ(client.closed, Closed::kGracefully);
  EXPECT_THAT(client.received, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(client.limits_passed, ElementsAre("requests_per_connection_max"));
}

TEST(Http1Session, AnswersPipelinedRequestsInOrderAndInOneBatch) {
  Client client;
  client.send(get("/1") + get("/2") + get("/3"));
  ASSERT_EQ(client.script.requests.size(), 3U);
  EXPECT_EQ(client.script.requests[2].target, "/3");
  EXPECT_EQ(client.batches, 1U);
}

TEST(Http1Session, StartsAPipelinedRequestOnlyAfterTheOneBefore) {
  Client client;
  Exchange* first = nullptr;
  client.script.on_start = [&](Exchange& exchange) { first = &exchange; };
  client.send(get("/1") + get("/2"));
  EXPECT_EQ(client.script.requests.size(), 1U);
  client.script.on_start = nullptr;
  first->respond({.status = 204}, std::nullopt);
  client.settle();
  EXPECT_EQ(client.script.requests.size(), 2U);
}

TEST(Http1Session, HoldsBackAClientThatPipelinesTooMuch) {
  Client client;
  Exchange* first = nullptr;
  client.script.on_start = [&](Exchange& exchange) { first = &exchange; };
  client.send(get("/1"));
  const std::string more = get("/2");
  std::size_t sent = 0;
  while (client.input_wanted && sent < (1 << 20)) {
    client.send(more);
    sent += more.size();
  }
  EXPECT_FALSE(client.input_wanted);
  EXPECT_LE(sent, (64 << 10) + more.size());
  client.script.on_start = nullptr;
  first->respond({.status = 204}, std::nullopt);
  client.settle();
  EXPECT_TRUE(client.input_wanted);
  EXPECT_EQ(client.script.requests.size(), 1 + sent / more.size());
}

// ---- Responses

TEST(Http1Session, SendsHeadAndBodyInOneBatch) {
  Client client;
  client.send(get());
  EXPECT_EQ(client.batches, 1U);
  EXPECT_THAT(client.received, HasSubstr("HTTP/1.1 200 OK\r\ndate: "));
  EXPECT_THAT(client.received, HasSubstr("\r\ncontent-length: 2\r\n\r\nok"));
  ASSERT_EQ(client.script.outcomes.size(), 1U);
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kComplete);
  EXPECT_EQ(client.script.outcomes[0].body_bytes_sent, 2U);
}

TEST(Http1Session, PutsSharedFieldsBeforeOwnAndKeepsADateThatIsThere) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {
    ResponseHead head;
    head.shared = base::make_ref<SharedFields>(base::Fields{{"etag", "\"1\""}, {"date", "then"}});
    head.own.add("age", "7");
    exchange.respond(std::move(head), 0);
  };
  client.send(get());
  EXPECT_EQ(client.received,
            "HTTP/1.1 200 OK\r\netag: \"1\"\r\ndate: then\r\nage: 7\r\ncontent-length: 0\r\n\r\n");
}

TEST(Http1Session, ChunksABodyOfUnknownLength) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
  };
  client.script.body.push_back(piece("hello"));
  client.script.body.push_back(piece(std::string(20, 'x')));
  client.send(get());
  client.script.body.push_back(Pulled::end());
  client.script.exchange->wake();
  client.settle();
  EXPECT_THAT(client.received, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(body_of(client.received),
            "5\r\nhello\r\n14\r\n" + std::string(20, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.closed, Closed::kNo);
}

TEST(Http1Session, EndsABodyOfUnknownLengthByCloseOnHttp10) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
  };
  client.script.body.push_back(piece("hello"));
  client.script.body.push_back(Pulled::end());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.received, Not(HasSubstr("chunked")));
  EXPECT_THAT(client.received, HasSubstr("connection: close"));
  EXPECT_EQ(body_of(client.received), "hello");
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

TEST(Http1Session, SendsNoBodyForHeadNoContentAndNotModified) {
  Client head;
  head.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(head.received, HasSubstr("content-length: 2\r\n"));
  EXPECT_EQ(body_of(head.received), "");
  for (const int status : {204, 304}) {
    Client client;
    client.script.on_start = [&](Exchange& exchange) {
      exchange.respond({.status = status}, status == 304 ? std::optional(9) : std::nullopt);
    };
    client.send(get());
    EXPECT_EQ(client.received.find("content-length: 9") != std::string::npos, status == 304);
    EXPECT_THAT(client.received, Not(HasSubstr("chunked")));
    EXPECT_EQ(body_of(client.received), "");
    EXPECT_EQ(client.closed, Closed::kNo);
    EXPECT_EQ(client.script.outcomes.size(), 1U);
  }
}

TEST(Http1Session, PullsNoMoreThanABatchAtATime) {
  Client client;
  client.room = 8 << 10;
  client.script.on_start = [](Exchange& exchange) { exchange.respond({.status = 200}, 1 << 20); };
  client.script.body.push_back(piece(std::string(1 << 20, 'x')));
  client.stop_reading();
  client.send(get());
  client.read_batch(8 << 10);
  EXPECT_LE(client.received.size(), 13U << 10);
  client.read_again().settle();
  EXPECT_EQ(body_of(client.received).size(), 1U << 20);
}

TEST(Http1Session, AnswersInsideStartAndLater) {
  Client client;
  Exchange* waiting = nullptr;
  client.script.on_start = [&](Exchange& exchange) { waiting = &exchange; };
  client.send(get());
  EXPECT_EQ(client.received, "");
  EXPECT_FALSE(client.session().idle());
  EXPECT_EQ(client.session().exchanges(), 1U);
  waiting->wake();  // Harmless.
  waiting->respond({.status = 404}, 0);
  waiting->wake();
  client.settle();
  EXPECT_EQ(status_of(client.received), 404);
}

// ---- Bodies that fail

TEST(Http1Session, CutsABodyThatFails) {
  for (const auto length : {std::optional<std::uint64_t>(10), std::optional<std::uint64_t>()}) {
    Client client;
    client.script.on_start = [&](Exchange& exchange) { exchange.respond({.status = 200}, length); };
    client.script.body.push_back(piece("hello"));
    client.script.body.push_back(Pulled::failed());
    client.send(get());
    EXPECT_EQ(client.closed, Closed::kAbruptly);
    EXPECT_FALSE(client.received.ends_with("\r\n0\r\n\r\n"));
    EXPECT_EQ(client.script.outcomes[0].ending, Ending::kAborted);
  }
}

TEST(Http1Session, CutsABodyShorterThanItsLength) {
  Client client;
  client.script.on_start = [](Exchange& exchange) { exchange.respond({.status = 200}, 10); };
  client.script.body.push_back(piece("hello"));
  client.script.body.push_back(Pulled::end());
  client.send(get());
  EXPECT_EQ(client.closed, Closed::kAbruptly);
}

TEST(Http1Session, CutsABodyLongerThanItsLengthBeforeTheExcess) {
  Client client;
  client.script.on_start = [](Exchange& exchange) { exchange.respond({.status = 200}, 3); };
  client.script.body.push_back(piece("hello"));
  client.send(get());
  EXPECT_EQ(body_of(client.received), "");
  EXPECT_EQ(client.closed, Closed::kAbruptly);
}

TEST(Http1Session, AbortInStartClosesAbruptly) {
  Client client;
  client.script.on_start = [](Exchange& exchange) { exchange.abort(); };
  client.send(get());
  EXPECT_EQ(client.closed, Closed::kAbruptly);
  EXPECT_EQ(client.script.alive, 1);  // Not destroyed inside its own call.
  client.vanish();
  ASSERT_EQ(client.script.outcomes.size(), 1U);
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kAborted);
}

TEST(Http1Session, AbortInTheMiddleOfABodyClosesAbruptly) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
  };
  client.script.body.push_back(piece("hello"));
  client.send(get());
  client.script.exchange->abort();
  client.script.exchange->wake();
  EXPECT_EQ(client.closed, Closed::kAbruptly);
  client.vanish();
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kAborted);
  EXPECT_EQ(client.script.outcomes[0].body_bytes_sent, 5U);
}

TEST(Http1Session, AVanishedClientEndsItsExchange) {
  Client client;
  client.script.on_start = [](Exchange&) {};
  client.send(get());
  client.vanish();
  ASSERT_EQ(client.script.outcomes.size(), 1U);
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kClientLeft);
}

// ---- A client that closes its half

TEST(Http1Session, AnswersAClientThatHasClosedItsHalf) {
  Client client;
  client.script.on_start = [](Exchange&) {};
  client.send(get("/1") + get("/2")).close_sending();
  EXPECT_EQ(client.closed, Closed::kNo);
  client.script.on_start = nullptr;
  client.script.exchange->respond({.status = 204}, std::nullopt);
  client.settle();
  EXPECT_EQ(client.script.requests.size(), 2U);
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

TEST(Http1Session, TakesAHalfClosedClientForGoneWhenItsResponseStandsStill) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {  // An event stream.
    exchange.respond({.status = 200}, std::nullopt);
  };
  client.send(get()).close_sending();
  client.pass(20s);
  client.script.body.push_back(Pulled::some(base::Slice::of_static("an event")));
  client.script.exchange->wake();
  client.settle();
  client.pass(30s);  // Since the event.
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(2s);
  EXPECT_EQ(client.closed, Closed::kAbruptly);
  ASSERT_EQ(client.script.outcomes.size(), 1U);
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kClientLeft);
}

TEST(Http1Session, AHalfClosedClientThatPausesHasTheTimeOfOthers) {
  Client client({.half_closed_max = 5s});
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
  };
  client.send(get()).close_sending().stop_reading();
  client.pass(20s);
  EXPECT_EQ(client.closed, Closed::kNo);
}

TEST(Http1Session, AClientThatHasNotClosedMayWaitAsLongAsItLikes) {
  Client client;
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
  };
  client.send(get());
  client.pass(10min);
  EXPECT_EQ(client.closed, Closed::kNo);
}

TEST(Http1Session, FailsABodyThatWasCutShort) {
  for (const std::string& head : {kUpload + "hel", kChunkedUpload + "5\r\nhel", kChunkedUpload}) {
    Client client;
    client.script.reads_body = true;
    client.send(head).close_sending();
    EXPECT_EQ(client.script.request_body_ends, std::vector{Pulled::State::kFailed});
    EXPECT_EQ(status_of(client.received), 400);
    EXPECT_EQ(client.closed, Closed::kGracefully);
  }
}

TEST(Http1Session, ClosesWhenAnIdleClientCloses) {
  Client fresh;
  fresh.close_sending();
  EXPECT_EQ(fresh.closed, Closed::kGracefully);
  Client half_a_head;
  half_a_head.send("GET / HT").close_sending();
  EXPECT_EQ(half_a_head.closed, Closed::kGracefully);
}

// ---- Draining

TEST(Http1Session, DrainClosesAnIdleConnectionAtOnce) {
  Client client;
  client.send(get()).drain();
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

TEST(Http1Session, DrainLetsTheExchangeUnderWayFinish) {
  Client client;
  client.script.on_start = [](Exchange&) {};
  client.send(get("/1") + get("/2")).drain();
  EXPECT_EQ(client.closed, Closed::kNo);
  client.script.exchange->respond({.status = 200}, 0);
  client.settle();
  EXPECT_THAT(client.received, HasSubstr("connection: close"));
  EXPECT_EQ(client.closed, Closed::kGracefully);
  EXPECT_EQ(client.script.requests.size(), 1U);
}

TEST(Http1Session, DrainLetsAHeadThatHasBegunFinish) {
  Client client;
  client.send("GET / HTTP/1.1\r\n").drain();
  EXPECT_EQ(client.closed, Closed::kNo);
  client.send("Host: a\r\n\r\n");
  EXPECT_EQ(status_of(client.received), 200);
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

// ---- Memory

TEST(Http1Session, AnIdleConnectionHoldsLittle) {
  Client client;
  client.script.reads_body = true;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nX-Large: " + std::string(20000, 'x') +
              "\r\nContent-Length: 60000\r\n\r\n" + std::string(60000, 'x'));
  ASSERT_EQ(client.script.request_body.size(), 60000U);
  EXPECT_LE(client.session().buffered_bytes(), 8U << 10);
}

}  // namespace
}  // namespace http
