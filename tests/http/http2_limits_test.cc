// Limits on an HTTP/2 client: each at its edge, each attack, and beside them the honest clients
// that must never notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_fixture.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using ::testing::ElementsAre;
using testing::Headers;
using testing::Http2Client;
using ::testing::IsEmpty;
using testing::request;
using testing::with;

constexpr auto kCalm = NGHTTP2_ENHANCE_YOUR_CALM;
constexpr std::uint8_t kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPing = 6,
                       kWindow = 8;

// An indexed GET of https://a/: 6 bytes of HPACK.
const std::string kTinyGet(
    "\x82\x87\x84\x41\x01"
    "a",
    6);

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

Headers with_fields(std::size_t count) {
  Headers headers = request();  // Four.
  while (headers.size() < count) headers.emplace_back("a", "b");
  return headers;
}

std::size_t bytes_of(const Headers& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + 32;
  return bytes;
}

// ---- Heads

TEST(Http2Limits, HeaderFieldsAtTheLimitAndOneMore) {
  Http2Client client;
  client.connect();
  EXPECT_EQ(client.response(client.send(with_fields(100))).status, 200);
  EXPECT_EQ(client.response(client.send(with_fields(101))).status, 431);
  EXPECT_THAT(client.limits_passed, ElementsAre("header_fields_max"));
  EXPECT_EQ(client.response(client.get()).status, 200);  // Only that stream.
}

TEST(Http2Limits, HeaderBytesAtTheLimitAndOneMore) {
  Http2Client client;
  client.connect();
  Headers headers = with(request(), {{"x", ""}});
  headers.back().second.assign(32 * 1024 - bytes_of(headers), 'v');
  EXPECT_EQ(client.response(client.send(headers)).status, 200);
  headers.back().second += 'v';
  EXPECT_EQ(client.response(client.send(headers)).status, 431);
  EXPECT_THAT(client.limits_passed, ElementsAre("header_bytes_max"));
}

TEST(Http2Limits, CookieCrumbsCountOneByOne) {
  Http2Client client;
  client.connect();
  Headers headers = request();
  for (int i = 0; i < 97; ++i) headers.emplace_back("cookie", "a=b");
  EXPECT_EQ(client.response(client.send(headers)).status, 431);
}

TEST(Http2Limits, ABrowserWithNinetyCookiesIsServed) {
  Http2Client client;
  client.connect();
  Headers headers = with(request(), {{"user-agent", std::string(120, 'u')},
                                     {"accept", "*/*"},
                                     {"accept-language", "en"},
                                     {"accept-encoding", "gzip, br"},
                                     {"referer", "https://video.example/watch"}});
  for (int i = 0; i < 90; ++i) {
    headers.emplace_back("cookie", "name" + std::to_string(i) + "=" + std::string(100, 'c'));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.response(client.send(headers)).status, 200);
  }
  EXPECT_THAT(client.limits_passed, IsEmpty());
}

TEST(Http2Limits, AHeaderBombCostsNoMemory) {
  // One byte a field, each a reference to a table entry of 4,000 bytes.
  Http2Client client;
  client.connect();
  std::string block(
      "\x82\x87\x84\x41\x01"
      "a\x40\x01"
      "x\x7f\xa1\x1e",
      12);  // 127 + 3873 = 4,000.
  block.append(4'000, 'v');
  block.append(10'000, '\xbe');
  client.frame(kHeaders, 5, 1, block);
  EXPECT_EQ(client.response(1).status, 431);
  EXPECT_TRUE(client.app.requests.empty());
}

TEST(Http2Limits, TargetAtTheLimitAndOneMore) {
  Http2Client client;
  client.connect();
  EXPECT_EQ(client.response(client.get("/" + std::string(8 * 1024 - 1, 'p'))).status, 200);
  EXPECT_EQ(client.response(client.get("/" + std::string(8 * 1024, 'p'))).status, 414);
  EXPECT_THAT(client.limits_passed, ElementsAre("request_line_max"));
}

TEST(Http2Limits, DeclaredBodyAtTheLimitAndOneMore) {
  Http2Client client({.request_body_max = base::Bytes(5)});
  client.connect();
  const auto put = [&](const char* length, std::string body) {
    return client.send_with_body(with(request("/", "PUT"), {{"content-length", length}}),
                                 std::move(body));
  };
  EXPECT_EQ(client.response(put("5", "12345")).status, 200);
  EXPECT_EQ(client.response(put("6", "123456")).status, 413);
  EXPECT_THAT(client.limits_passed, ElementsAre("request_body_max"));
}

TEST(Http2Limits, UndeclaredBodyAtTheLimitAndOneMore) {
  Http2Client client({.request_body_max = base::Bytes(5)});
  client.app.on_start = [](Answer& answer) { answer.read_some(100); };
  client.app.on_body = [](Answer& answer) {
    if (answer.read_some(100)) answer.respond(200, "ok");
  };
  client.connect();
  EXPECT_EQ(client.response(client.send_with_body(request("/", "PUT"), "12345")).status, 200);
  const auto id = client.send_with_body(request("/", "PUT"), "123456");
  EXPECT_EQ(client.response(id).reset, NGHTTP2_CANCEL);
  EXPECT_EQ(client.app.requests[1].outcome->ending, Ending::kLimit);
}

TEST(Http2Limits, StreamsAtTheLimitAndOneMore) {
  Http2Client client({.streams_max = 5});
  client.app.on_start = [](Answer&) {};
  client.connect();
  for (int i = 0; i < 6; ++i) client.frame(kHeaders, 5, 2 * i + 1, kTinyGet);
  EXPECT_EQ(client.app.requests.size(), 5U);
  EXPECT_EQ(client.goaway, NGHTTP2_PROTOCOL_ERROR);  // It had acknowledged the limit.
}

TEST(Http2Limits, StreamsBeyondALimitNotYetAcknowledgedAreRefusedOneByOne) {
  Http2Client client({.streams_max = 5});
  client.app.on_start = [](Answer&) {};
  client.connect_raw();
  for (int i = 0; i < 6; ++i) client.frame(kHeaders, 5, 2 * i + 1, kTinyGet);
  EXPECT_EQ(client.app.requests.size(), 5U);
  EXPECT_EQ(client.response(11).reset, NGHTTP2_REFUSED_STREAM);
  EXPECT_EQ(client.goaways, 0U);
}

TEST(Http2Limits, RequestsOfAConnection) {
  Http2Client client({.requests_per_connection_max = 2});
  client.connect().get();
  EXPECT_EQ(client.goaways, 0U);
  const auto last = client.get();
  EXPECT_EQ(client.response(last).status, 200);
  EXPECT_EQ(client.goaway, NGHTTP2_NO_ERROR);
  client.pass(2s);
  EXPECT_TRUE(client.finished);
}

// ---- Floods

TEST(Http2Floods, RapidReset) {
  Http2Client client({.resets_burst = 10});
  client.connect();
  std::int32_t id = 1;
  const auto open_and_reset = [&] {
    client.frame(kHeaders, 5, id, kTinyGet).frame(kReset, 0, id, number(NGHTTP2_CANCEL));
    id += 2;
  };
  client.app.on_start = [](Answer&) {};
  for (int i = 0; i < 10; ++i) open_and_reset();
  EXPECT_FALSE(client.finished);
  open_and_reset();
  EXPECT_EQ(client.goaway, kCalm);
  EXPECT_TRUE(client.finished);
  EXPECT_THAT(client.limits_passed, ElementsAre("resets"));
}

TEST(Http2Floods, MadeYouReset) {
  // The client has us reset its streams: a window beyond 2^31-1 is an error of the stream.
  Http2Client client({.resets_burst = 10});
  client.app.on_start = [](Answer&) {};
  client.connect();
  std::int32_t id = 1;
  const auto provoke = [&] {
    client.frame(kHeaders, 5, id, kTinyGet).frame(kWindow, 0, id, number(0x7fffffff)).settle();
    id += 2;
  };
  for (int i = 0; i < 10; ++i) provoke();
  EXPECT_EQ(client.response(1).reset, NGHTTP2_FLOW_CONTROL_ERROR);
  EXPECT_FALSE(client.finished);
  provoke();
  EXPECT_EQ(client.goaway, kCalm);
  EXPECT_THAT(client.limits_passed, ElementsAre("resets"));
}

TEST(Http2Floods, OurOwnAbortsAreNotTheClients) {
  Http2Client client({.resets_burst = 10});
  client.app.on_start = [](Answer& answer) { answer.exchange.abort(); };
  client.connect();
  for (int i = 0; i < 50; ++i) client.get();
  EXPECT_EQ(client.goaways, 0U);
}

struct Flood {
  const char* name;
  std::function<void(Http2Client&)> send;
};
class Http2ControlFlood : public ::testing::TestWithParam<Flood> {};

TEST_P(Http2ControlFlood, EndsTheConnectionBeyondItsBudget) {
  Http2Client client({.control_frames_burst = 20, .control_frames_per_second = 10});
  client.app.on_start = [](Answer&) {};
  client.connect();
  const auto id = client.send_open_body(request("/", "PUT"), "");
  ASSERT_EQ(id, 1);
  client.pass(10s);  // The bucket is full again.
  for (int i = 0; i < 20; ++i) GetParam().send(client);
  EXPECT_FALSE(client.finished);
  client.pass(1s);
  for (int i = 0; i < 8; ++i) GetParam().send(client);
  EXPECT_FALSE(client.finished);  // Ten more a second.
  for (int i = 0; i < 5; ++i) GetParam().send(client);
  EXPECT_EQ(client.goaway, kCalm);
  EXPECT_TRUE(client.finished);
  EXPECT_THAT(client.limits_passed, ElementsAre("control_frames"));
}

INSTANTIATE_TEST_SUITE_P(
    , Http2ControlFlood,
    ::testing::Values(Flood{"Ping", [](Http2Client& c) { c.frame(kPing, 0, 0, "12345678"); }},
                      Flood{"PingAck", [](Http2Client& c) { c.frame(kPing, 1, 0, "12345678"); }},
                      Flood{"Settings", [](Http2Client& c) { c.frame(kSettings, 0, 0, ""); }},
                      Flood{"Priority",
                            [](Http2Client& c) { c.frame(kPriority, 0, 1, number(0) + '\x10'); }},
                      Flood{"EmptyData", [](Http2Client& c) { c.frame(0, 0, 1, ""); }},
                      Flood{"PaddingOnly",
                            [](Http2Client& c) { c.frame(0, 8, 1, std::string("\x03\0\0\0", 4)); }},
                      Flood{"UnknownType", [](Http2Client& c) { c.frame(0xbb, 0, 0, "x"); }},
                      Flood{"UnearnedWindow",
                            [](Http2Client& c) {
                              // Beyond those that a request earns.
                              c.frame(kWindow, 0, 1, number(1));
                            }}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Http2Floods, AWindowOpenedByteByByteIsNotEarned) {
  Http2Client client({.control_frames_burst = 100, .control_frames_per_second = 0},
                     Http2Client::Windows::kByHand);
  client.app.on_start = [](Answer& answer) { answer.respond_large(1'000'000); };
  client.connect({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}});
  const auto id = client.get();
  for (int i = 0; i < 200 && !client.finished; ++i) client.open_window(id, 1);
  EXPECT_EQ(client.goaway, kCalm);
}

TEST(Http2Floods, FramesThatProvokeAnswersNobodyReads) {
  // Refused streams queue a RST_STREAM each while the client does not read.
  Http2Client client({.streams_max = 1, .resets_burst = 100'000});
  client.app.on_start = [](Answer&) {};
  client.connect_raw().stop_reading();
  for (int i = 0; i < 1'500; ++i) client.frame(kHeaders, 5, 2 * i + 1, kTinyGet);
  EXPECT_THAT(client.limits_passed, ElementsAre("control_frames"));
}

// ---- Honest clients

TEST(Http2Honest, AThousandSeeksAMinuteGoOnForEver) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.respond_large(8'000'000); };
  client.connect();
  client.room = 256 * 1024;
  for (int seek = 0; seek < 10'000; ++seek) {
    client.stop_reading();  // So that the segment is cut by the seek, not complete.
    const auto id = client.send(
        with(request("/v/1.mp4"), {{"range", "bytes=" + std::to_string(seek * 1000) + "-"}}));
    client.cancel(id).read_again();
    client.clock().advance(60ms);
    ASSERT_FALSE(client.finished) << seek;
  }
  EXPECT_EQ(client.app.requests.size(), 10'000U);
  EXPECT_THAT(client.limits_passed, IsEmpty());
}

TEST(Http2Honest, AClientThatAcknowledgesEveryReadIsNoFlood) {
  Http2Client client({.control_frames_burst = 10, .control_frames_per_second = 0},
                     Http2Client::Windows::kByHand);
  client.app.on_start = [](Answer& answer) { answer.respond_large(4'000'000); };
  client.connect();
  const auto id = client.get();
  while (!client.response(id).complete && !client.finished) {
    // What the last step brought, in reads of 4 KiB, for the stream and for the connection.
    static std::size_t acknowledged = 0;
    const std::size_t arrived = client.response(id).body.size();
    for (; acknowledged + 4'096 <= arrived; acknowledged += 4'096) {
      client.frame(kWindow, 0, id, number(4'096)).frame(kWindow, 0, 0, number(4'096));
    }
    if (acknowledged < arrived) {
      const auto rest = static_cast<std::uint32_t>(arrived - acknowledged);
      acknowledged = arrived;
      client.frame(kWindow, 0, id, number(rest)).frame(kWindow, 0, 0, number(rest));
    }
  }
  EXPECT_TRUE(client.response(id).complete);
  EXPECT_THAT(client.limits_passed, IsEmpty());
}

TEST(Http2Honest, StreamsThatQueueBehindOthersAreNotStalled) {
  // A slow line: 16 KiB a second for three streams of 1 MB, one after the other.
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.respond_large(1'000'000); };
  client.connect({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30}});
  client.frame(kWindow, 0, 0, number(1 << 30));
  client.room = 16 * 1024;
  client.stop_reading();
  for (int i = 0; i < 3; ++i) client.get();
  for (int second = 0; second < 200; ++second) {
    client.take_batch().pass(1s);
    ASSERT_FALSE(client.finished);
  }
  for (const auto& request : client.app.requests) {
    EXPECT_EQ(request.outcome->ending, Ending::kComplete);
  }
  EXPECT_THAT(client.limits_passed, IsEmpty());
}

TEST(Http2Honest, WaitingForTheApplicationIsNoStall) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.exchange.respond({.status = 200}, 2); };
  const auto id = client.connect().get();
  client.pass(10min);
  client.app.requests[0].answer->give("ok");
  client.settle();
  EXPECT_EQ(client.response(id).body, "ok");
}

// ---- Deadlines

TEST(Http2Deadlines, AWindowHeldShutEndsTheStream) {
  Http2Client client({}, Http2Client::Windows::kByHand);
  client.app.on_start = [](Answer& answer) { answer.respond_large(100'000); };
  client.connect({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  const auto id = client.get();
  client.pass(29s);
  EXPECT_FALSE(client.response(id).reset.has_value());
  client.pass(3s);  // The grace of the minimum rate.
  EXPECT_EQ(client.response(id).reset, NGHTTP2_CANCEL);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kLimit);
  EXPECT_THAT(client.limits_passed, ElementsAre("send_rate_min"));
}

TEST(Http2Deadlines, WindowUpdatesOfTheConnectionAreNoProgress) {
  Http2Client client({.send_rate_min = base::Bytes(0)}, Http2Client::Windows::kByHand);
  client.app.on_start = [](Answer& answer) { answer.respond_large(100'000); };
  client.connect({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  const auto id = client.get();
  for (int i = 0; i < 58; ++i) client.open_window(0, 1'000).pass(1s);
  EXPECT_FALSE(client.response(id).reset.has_value());
  for (int i = 0; i < 4; ++i) client.open_window(0, 1'000).pass(1s);
  EXPECT_EQ(client.response(id).reset, NGHTTP2_CANCEL);
  EXPECT_THAT(client.limits_passed, ElementsAre("send_stall_max"));
}

TEST(Http2Deadlines, AWindowOpenedDropByDropIsTooSlow) {
  Http2Client client({}, Http2Client::Windows::kByHand);
  client.app.on_start = [](Answer& answer) { answer.respond_large(100'000); };
  client.connect({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}});
  const auto id = client.get();
  for (int i = 0; i < 40; ++i) client.open_window(id, 10).pass(1s);
  EXPECT_EQ(client.response(id).reset, NGHTTP2_CANCEL);
  EXPECT_THAT(client.limits_passed, ElementsAre("send_rate_min"));
}

TEST(Http2Deadlines, TheConnectionsWindowHeldShutEndsTheConnection) {
  Http2Client client({.send_rate_min = base::Bytes(0)}, Http2Client::Windows::kByHand);
  client.app.on_start = [](Answer& answer) { answer.respond_large(100'000); };
  client.connect({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}});
  client.get();
  client.pass(59s);
  EXPECT_FALSE(client.finished);
  client.pass(3s);
  EXPECT_EQ(client.goaway, kCalm);
  EXPECT_THAT(client.limits_passed, ElementsAre("send_stall_max"));
}

TEST(Http2Deadlines, ASocketNotReadEndsTheConnection) {
  Http2Client client({.send_rate_min = base::Bytes(0)});
  client.app.on_start = [](Answer& answer) { answer.respond_large(100'000); };
  client.connect().stop_reading();
  client.get();
  client.pass(59s);
  EXPECT_FALSE(client.finished);
  client.pass(3s);
  EXPECT_TRUE(client.finished);
  EXPECT_TRUE(client.abruptly);
  EXPECT_THAT(client.limits_passed, ElementsAre("send_stall_max"));
}

TEST(Http2Deadlines, ABodyThatStopsEndsItsStream) {
  Http2Client client({.body_rate_min = base::Bytes(0)});
  client.app.on_start = [](Answer& answer) { answer.read_some(1'000); };
  client.app.on_body = [](Answer& answer) { answer.read_some(1'000); };
  client.connect();
  const auto id = client.send_open_body(request("/", "PUT"), "begin");
  client.pass(29s);
  EXPECT_FALSE(client.response(id).reset.has_value());
  client.pass(3s);
  EXPECT_EQ(client.response(id).reset, NGHTTP2_CANCEL);
  EXPECT_THAT(client.limits_passed, ElementsAre("body_stall_max"));
}

TEST(Http2Deadlines, ABodyThatTricklesIsTooSlow) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.read_some(1'000); };
  client.app.on_body = [](Answer& answer) { answer.read_some(1'000); };
  client.connect();
  const auto id = client.send_open_body(request("/", "PUT"), "begin");
  for (int i = 0; i < 40 && !client.response(id).reset; ++i) {
    client.pass(1s);
    if (!client.response(id).reset) client.continue_body(id, "ten bytes.", false);
  }
  EXPECT_THAT(client.limits_passed, ElementsAre("body_rate_min"));
}

TEST(Http2Deadlines, ABodyThatTheApplicationDoesNotReadMayWait) {
  Http2Client client;
  client.app.on_start = [](Answer&) {};
  client.connect();
  client.send_with_body(request("/", "PUT"), std::string(1'000'000, 'b'));
  client.pass(10min);
  EXPECT_THAT(client.limits_passed, IsEmpty());
}

TEST(Http2Deadlines, AnIdleConnectionIsClosedPingsOrNot) {
  Http2Client client;
  client.connect().get();
  for (int i = 0; i < 74; ++i) client.frame(kPing, 0, 0, "12345678").pass(1s);
  EXPECT_FALSE(client.finished);
  client.pass(2s);
  EXPECT_EQ(client.goaway, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(client.finished);
  EXPECT_THAT(client.limits_passed, ElementsAre("idle_max"));
}

TEST(Http2Deadlines, AHeadThatNeverEnds) {
  Http2Client client;
  client.connect().frame(kHeaders, 1, 1, kTinyGet);  // Without END_HEADERS.
  client.pass(9s);
  EXPECT_FALSE(client.finished);
  client.pass(3s);
  EXPECT_EQ(client.goaway, kCalm);
  EXPECT_THAT(client.limits_passed, ElementsAre("header_max"));
}

TEST(Http2Deadlines, AClientThatSaysNothing) {
  Http2Client client;
  client.raw().bytes_in("PRI * HTTP/2.0\r\n").pass(12s);
  EXPECT_TRUE(client.finished);
  EXPECT_THAT(client.limits_passed, ElementsAre("header_max"));
}

}  // namespace
}  // namespace http
