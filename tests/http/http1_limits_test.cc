// Each limit of http/limits.h that HTTP/1 enforces: passed at the limit, ended one over, counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/http/http1_fixture.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::Closed;
using ::testing::ElementsAre;
using testing::get;
using ::testing::IsEmpty;
using testing::status_of;

void expect_limit(const Client& client, int status, const char* limit) {
  EXPECT_EQ(status_of(client.received), status) << client.received;
  EXPECT_EQ(client.closed, Closed::kGracefully);
  EXPECT_THAT(client.limits_passed, ElementsAre(limit));
}
void expect_fine(const Client& client) {
  EXPECT_EQ(status_of(client.received), 200) << client.received;
  EXPECT_EQ(client.closed, Closed::kNo);
  EXPECT_THAT(client.limits_passed, IsEmpty());
}

// A request line of `size` bytes.
std::string with_line(std::size_t size) {
  const std::size_t rest = std::string_view("GET / HTTP/1.1").size();
  return "GET /" + std::string(size - rest, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(Http1Limits, RequestLine) {
  const Limits limits{.request_line_max = base::Bytes(100)};
  Client at(limits);
  at.send(with_line(100));
  expect_fine(at);
  Client over(limits);
  over.send(with_line(101));
  expect_limit(over, 414, "request_line_max");
}

TEST(Http1Limits, ARequestLineWithoutEndIsNotWaitedFor) {
  Client client(Limits{.request_line_max = base::Bytes(100)});
  client.send(std::string(101, 'x'));
  EXPECT_EQ(client.closed, Closed::kNo);  // A CR may be among them.
  client.send("x");
  expect_limit(client, 414, "request_line_max");
}

TEST(Http1Limits, NumberOfFields) {
  const auto with_fields = [](int count) {
    std::string fields;
    for (int i = 1; i < count; ++i) fields += "X: 1\r\n";  // Host is one.
    return get("/", fields);
  };
  const Limits limits{.header_fields_max = 10};
  Client at(limits);
  at.send(with_fields(10));
  expect_fine(at);
  Client over(limits);
  over.send(with_fields(11));
  expect_limit(over, 431, "header_fields_max");
}

TEST(Http1Limits, BytesOfFieldsCountNameValueAndOverhead) {
  // Host: video.example is 4 + 13 + 32; X: 1 + n + 32.
  const auto with_bytes = [](std::size_t bytes) {
    return get("/", "X: " + std::string(bytes - 49 - 33, 'x') + "\r\n");
  };
  const Limits limits{.header_bytes_max = base::Bytes(1000)};
  Client at(limits);
  at.send(with_bytes(1000));
  expect_fine(at);
  Client over(limits);
  over.send(with_bytes(1001));
  expect_limit(over, 431, "header_bytes_max");
}

TEST(Http1Limits, FieldsWithoutEndAreNotWaitedFor) {
  Client client(Limits{.header_bytes_max = base::Bytes(1000)});
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1000, 'x'));
  expect_limit(client, 431, "header_bytes_max");
}

TEST(Http1Limits, ABrowserWithNinetyCookiesIsServed) {
  std::string cookies = "Cookie: ";
  for (int i = 0; i < 90; ++i)
    cookies += "name" + std::to_string(i) + "=" + std::string(80, 'v') + "; ";
  Client client;
  client.send(get("/", cookies + "\r\n"));
  expect_fine(client);
}

TEST(Http1Limits, ContentLength) {
  const Limits limits{.request_body_max = base::Bytes(5)};
  Client at(limits);
  at.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  expect_fine(at);
  Client over(limits);
  over.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
  expect_limit(over, 413, "request_body_max");
  EXPECT_THAT(over.script.requests, IsEmpty());
}

TEST(Http1Limits, ChunkExtensions) {
  const auto with_extension = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;" +
           std::string(size, 'x') + "\r\nhello\r\n0\r\n\r\n";
  };
  Client at;
  at.script.reads_body = true;
  at.send(with_extension(256));
  expect_fine(at);
  Client over;
  over.script.reads_body = true;
  over.send(with_extension(257));
  EXPECT_EQ(status_of(over.received), 400);
  EXPECT_EQ(over.closed, Closed::kGracefully);
}

TEST(Http1Limits, ChunkExtensionsOfAWholeBody) {
  const auto send = [](Client& client, int chunks) {
    client.script.reads_body = true;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < chunks; ++i) client.send("1;" + std::string(256, 'x') + "\r\na\r\n");
    client.send("0\r\n\r\n");
  };
  Client at;
  send(at, 64);
  expect_fine(at);
  Client over;
  send(over, 65);
  EXPECT_EQ(status_of(over.received), 400);
}

TEST(Http1Limits, Trailers) {
  const auto with_trailer = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:" +
           std::string(size - 2, 'x') + "\r\n\r\n";
  };
  Client at;
  at.script.reads_body = true;
  at.send(with_trailer(8192));
  expect_fine(at);
  Client over;
  over.script.reads_body = true;
  over.send(with_trailer(8193));
  EXPECT_EQ(status_of(over.received), 400);
}

// ---- Deadlines

TEST(Http1Limits, AHeadMustComeWithinItsTime) {
  Client client(Limits{.header_max = 10s});
  client.pass(20s);  // Nothing has begun.
  client.send("GET / HT").pass(5s).send("TP/1.1\r\nX-Slow: ").pass(5s);
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(1s);
  expect_limit(client, 408, "header_max");
}

TEST(Http1Limits, AHeadsTimeBeginsAnewWithEachRequest) {
  Client client(Limits{.header_max = 10s});
  client.send(get()).pass(20s).send("GET / HT").pass(9s).send("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.script.requests.size(), 2U);
  expect_fine(client);
}

TEST(Http1Limits, APipelinedHalfHeadIsTimedFromTheAnswerBeforeIt) {
  Client client(Limits{.header_max = 10s});
  client.script.on_start = [](Exchange&) {};
  client.send(get() + "GET / HT").pass(20s);
  EXPECT_EQ(client.closed, Closed::kNo);
  client.script.exchange->respond({.status = 200}, 0);
  client.settle();
  client.pass(10s);
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(1s);
  EXPECT_EQ(client.closed, Closed::kGracefully);
}

TEST(Http1Limits, AnIdleConnectionIsClosedInTheEnd) {
  Client fresh(Limits{.idle_max = 75s});
  fresh.pass(75s);
  EXPECT_EQ(fresh.closed, Closed::kNo);
  fresh.pass(1s);
  EXPECT_EQ(fresh.closed, Closed::kGracefully);
  EXPECT_EQ(fresh.received, "");
  EXPECT_THAT(fresh.limits_passed, ElementsAre("idle_max"));

  Client kept(Limits{.idle_max = 75s});
  kept.pass(70s).send(get()).pass(75s);
  EXPECT_EQ(kept.closed, Closed::kNo);
  kept.pass(1s);
  EXPECT_EQ(kept.closed, Closed::kGracefully);
}

TEST(Http1Limits, AnExchangeIsNotIdle) {
  Client client;
  client.script.on_start = [](Exchange&) {};
  client.send(get()).pass(600s);
  EXPECT_EQ(client.closed, Closed::kNo);
}

const std::string kUpload = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";

TEST(Http1Limits, ABodyMustNotStall) {
  Client client(Limits{.body_stall_max = 30s, .body_rate_min = base::Bytes(0)});
  client.script.reads_body = true;
  client.send(kUpload).pass(20s).send("x").pass(30s);
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(1s);
  expect_limit(client, 408, "body_stall_max");
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kLimit);
}

TEST(Http1Limits, ABodyMustKeepToTheMinimumRate) {
  const Limits limits{.body_rate_min = base::Bytes(256), .rate_grace = 30s};
  Client at(limits);
  at.script.reads_body = true;
  at.send(kUpload);
  for (int i = 0; i < 120; ++i) at.send(std::string(256, 'x')).pass(1s);
  EXPECT_EQ(at.closed, Closed::kNo);

  Client under(limits);
  under.script.reads_body = true;
  under.send(kUpload);
  for (int i = 0; i < 120; ++i) under.send(std::string(128, 'x')).pass(1s);
  expect_limit(under, 408, "body_rate_min");
}

TEST(Http1Limits, AClientIsNotBlamedForASlowReader) {
  Client client(
      Limits{.body_stall_max = 30s, .body_rate_min = base::Bytes(256), .rate_grace = 30s});
  client.script.on_start = [](Exchange&) {};  // Pulls nothing yet.
  client.send(kUpload).pass(600s);
  EXPECT_EQ(client.closed, Closed::kNo);
}

TEST(Http1Limits, AStalledBodyAfterTheResponseBeganCutsTheConnection) {
  Client client(Limits{.body_stall_max = 30s});
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, std::nullopt);
    EXPECT_EQ(exchange.request_body().pull(1).state, Pulled::State::kPending);
  };
  client.send(kUpload).pass(31s);
  EXPECT_EQ(client.closed, Closed::kAbruptly);
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kLimit);
}

TEST(Http1Limits, AnUnreadBodyMustNotStallEither) {
  Client client(Limits{.body_stall_max = 30s});
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").pass(30s);
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(1s);
  expect_limit(client, 200, "body_stall_max");
}

// ---- Clients that don't read

void answer_at_length(Client& client) {
  client.script.on_start = [](Exchange& exchange) {
    exchange.respond({.status = 200}, 1'000'000'000);
  };
  client.script.body.push_back(Pulled::some(base::Slice::of(std::string(10'000'000, 'x'))));
  client.stop_reading().send(get());
}

TEST(Http1Limits, AClientMustNotStopReading) {
  Client client(Limits{.send_stall_max = 60s, .send_rate_min = base::Bytes(0)});
  answer_at_length(client);
  client.pass(60s);
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(1s);
  EXPECT_EQ(client.closed, Closed::kAbruptly);
  EXPECT_THAT(client.limits_passed, ElementsAre("send_stall_max"));
  EXPECT_EQ(client.script.outcomes[0].ending, Ending::kLimit);
}

TEST(Http1Limits, AClientMustReadAtTheMinimumRate) {
  const Limits limits{.send_rate_min = base::Bytes(4096), .rate_grace = 30s};
  Client at(limits);
  answer_at_length(at);
  for (int i = 0; i < 200; ++i) at.read_batch(4096).pass(1s);
  EXPECT_EQ(at.closed, Closed::kNo);

  Client under(limits);
  answer_at_length(under);
  for (int i = 0; i < 200 && under.closed == Closed::kNo; ++i) under.read_batch(4096).pass(2s);
  EXPECT_EQ(under.closed, Closed::kAbruptly);
  EXPECT_THAT(under.limits_passed, ElementsAre("send_rate_min"));
}

TEST(Http1Limits, ALargeBatchMayTakeItsTimeAtTheMinimumRate) {
  Client client(
      Limits{.send_stall_max = 600s, .send_rate_min = base::Bytes(1024), .rate_grace = 30s});
  answer_at_length(client);
  client.read_batch(256 << 10).pass(250s);  // 256 s worth.
  EXPECT_EQ(client.closed, Closed::kNo);
  client.pass(10s);
  EXPECT_EQ(client.closed, Closed::kAbruptly);
}

TEST(Http1Limits, ASlowApplicationIsNotTheClientsFault) {
  Client client;
  client.script.on_start = [](Exchange& exchange) { exchange.respond({.status = 200}, 10); };
  client.send(get()).pass(600s);  // Nothing is waiting to be sent.
  EXPECT_EQ(client.closed, Closed::kNo);
}

TEST(Http1Limits, AThousandSeeksAMinuteAreServed) {
  Client client;
  for (int i = 0; i < 1000; ++i) {
    client.send(get("/v.mp4", "Range: bytes=" + std::to_string(i * 1000) + "-\r\n")).pass(60ms);
  }
  EXPECT_EQ(client.script.outcomes.size(), 1000U);
  expect_fine(client);
}

}  // namespace
}  // namespace http
