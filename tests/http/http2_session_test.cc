// The life of exchanges on an HTTP/2 connection: bodies both ways, endings, draining.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/http/http2_fixture.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Header;
using testing::Http2Client;
using testing::request;
using testing::with;

// ---- Responses

TEST(Http2Session, SendsHeadAndBody) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) {
    answer.body.push_back(Pulled::some(base::Slice::of("hello")));
    answer.exchange.respond(
        {200, base::make_ref<const SharedFields>(base::Fields{{"etag", "\"1\""}}), {{"age", "3"}}},
        5);
  };
  const auto id = client.connect().get();
  const auto& response = client.response(id);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.field("etag"), "\"1\"");
  EXPECT_EQ(response.field("age"), "3");
  EXPECT_EQ(response.field("content-length"), "5");
  EXPECT_EQ(response.field("date").size(), 29U);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kComplete);
  EXPECT_EQ(client.app.requests[0].outcome->body_bytes_sent, 5U);
}

TEST(Http2Session, LeavesTheApplicationsDateAlone) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) {
    answer.exchange.respond({200, nullptr, {{"date", "then"}}}, 0);
  };
  const auto id = client.connect().get();
  EXPECT_EQ(std::ranges::count(client.response(id).fields, Header("date", "then")), 1);
  EXPECT_EQ(client.response(id).field("date"), "then");
}

TEST(Http2Session, PutsHeadAndSmallBodyIntoOneBatch) {
  Http2Client client;
  client.connect();
  client.batches.clear();
  client.get();
  EXPECT_EQ(client.batches.size(), 1U);
}

TEST(Http2Session, PullsNoBodyWhereNoneMayBe) {
  for (const auto& [method, status] : {std::pair("HEAD", 200), {"GET", 204}, {"GET", 304}}) {
    Http2Client client;
    client.app.on_start = [status](Answer& answer) {
      answer.fail_body();  // Would show if it were pulled.
      answer.exchange.respond({.status = status}, 7);
    };
    const auto id = client.connect().send(request("/", method));
    EXPECT_EQ(client.response(id).status, status);
    EXPECT_TRUE(client.response(id).complete);
    EXPECT_EQ(client.response(id).field("content-length"), status == 204 ? "" : "7");
    EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kComplete);
  }
}

TEST(Http2Session, CutsBodiesSoThatFrameAndHeaderFillATlsRecord) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.respond_large(60'000); };
  const auto id = client.connect().get();
  const auto& response = client.response(id);
  EXPECT_EQ(response.body, std::string(60'000, 'x'));
  ASSERT_EQ(response.frames.size(), 4U);
  EXPECT_LT(response.frames[0], 16'375U);  // The head is in the record as well.
  EXPECT_EQ(response.frames[1], 16'375U);
  EXPECT_EQ(response.frames[2], 16'375U);
}

TEST(Http2Session, StopsAtTheBatchAndGoesOnInTheNext) {
  Http2Client client;
  client.connect();
  client.batches.clear();
  client.app.on_start = [](Answer& answer) { answer.respond_large(200'000); };
  const auto id = client.get();
  EXPECT_EQ(client.response(id).body.size(), 200'000U);
  for (const std::size_t batch : client.batches) EXPECT_LE(batch, client.room);
  EXPECT_GE(client.batches.size(), 4U);
}

TEST(Http2Session, JoinsSmallPiecesInOneFrame) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) {
    for (int i = 0; i < 100; ++i)
      answer.body.push_back(Pulled::some(base::Slice::of("0123456789")));
    answer.exchange.respond({.status = 200}, 1'000);
  };
  const auto id = client.connect().get();
  EXPECT_EQ(client.response(id).frames, std::vector<std::size_t>{1'000});
}

TEST(Http2Session, WaitsForABodyThatIsPending) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.exchange.respond({.status = 200}, {}); };
  const auto id = client.connect().get();
  Answer& answer = *client.app.requests[0].answer;
  EXPECT_EQ(client.response(id).status, 200);  // The head does not wait.
  answer.give("one ");
  client.settle();
  EXPECT_EQ(client.response(id).body, "one ");
  answer.give("two");
  client.settle();
  EXPECT_EQ(client.response(id).body, "one two");
  EXPECT_FALSE(client.response(id).complete);
  answer.end_body();
  client.settle();
  EXPECT_TRUE(client.response(id).complete);
  EXPECT_EQ(client.response(id).field("content-length"), "");
}

TEST(Http2Session, ResetsAStreamWhoseBodyFails) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.exchange.respond({.status = 200}, 10); };
  const auto id = client.connect().get();
  client.app.requests[0].answer->give("12345");
  client.settle();
  client.app.requests[0].answer->fail_body();
  client.settle();
  EXPECT_EQ(client.response(id).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kAborted);
  EXPECT_EQ(client.app.requests[0].outcome->body_bytes_sent, 5U);
}

TEST(Http2Session, ResetsAStreamWhoseBodyIsShorterThanPromised) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) {
    answer.body.push_back(Pulled::some(base::Slice::of("12345")));
    answer.body.push_back(Pulled::end());
    answer.exchange.respond({.status = 200}, 10);
  };
  const auto id = client.connect().get();
  EXPECT_EQ(client.response(id).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_FALSE(client.response(id).complete);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kAborted);
}

TEST(Http2Session, ResetsAStreamWhoseHeadIsTooLargeToSend) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) {
    answer.exchange.respond({200, nullptr, {{"x", std::string(100'000, 'v')}}}, 2);
  };
  const auto id = client.connect().get();
  EXPECT_EQ(client.response(id).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kAborted);
}

TEST(Http2Session, AbortsBeforeAndAfterTheHead) {
  for (const bool responded : {false, true}) {
    Http2Client client;
    client.app.on_start = [responded](Answer& answer) {
      if (responded) answer.exchange.respond({.status = 200}, 10);
    };
    const auto id = client.connect().get();
    client.app.requests[0].answer->exchange.abort();
    EXPECT_NE(client.app.requests[0].answer, nullptr);  // Not inside the call.
    client.settle();
    EXPECT_EQ(client.response(id).reset, NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kAborted);
    client.get();  // The connection goes on.
    EXPECT_EQ(client.app.requests.size(), 2U);
  }
}

TEST(Http2Session, MayBeAbortedInsideStart) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.exchange.abort(); };
  const auto id = client.connect().get();
  EXPECT_EQ(client.response(id).reset, NGHTTP2_INTERNAL_ERROR);
}

TEST(Http2Session, FinishesAnAbortFromTheLoopEvenIfTheSocketIsBlocked) {
  Http2Client client;
  client.app.on_start = [](Answer&) {};
  client.connect().get();
  client.stop_reading();
  client.app.requests[0].answer->exchange.abort();
  EXPECT_FALSE(client.app.requests[0].outcome.has_value());
  Timer after(client.event_loop(), [&] { client.event_loop().stop(); });
  after.arm(1ms);
  client.event_loop().run();
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kAborted);
}

TEST(Http2Session, TellsTheApplicationThatTheClientLeft) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.exchange.respond({.status = 200}, 10); };
  const auto id = client.connect().get();
  client.cancel(id);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kClientLeft);
  EXPECT_FALSE(client.finished);
}

TEST(Http2Session, EndsExchangesWithTheConnection) {
  {
    Http2Client client;
    client.app.on_start = [](Answer&) {};
    client.connect().get();
    client.close_socket();
    EXPECT_TRUE(client.finished);
  }  // The fixture expects an outcome for each request.
}

TEST(Http2Session, ServesUrgentStreamsFirst) {
  Http2Client client;
  client.connect();
  client.app.on_start = [](Answer& answer) { answer.respond_large(100'000); };
  client.room = 16 * 1024;
  client.stop_reading();
  const auto background = client.send(with(request("/b"), {{"priority", "u=7"}}));
  const auto urgent = client.send(with(request("/u"), {{"priority", "u=0"}}));
  bool urgent_first = false;
  client.app.on_start = nullptr;
  client.read_again();
  urgent_first = client.app.requests[1].outcome.has_value();
  EXPECT_TRUE(urgent_first);
  EXPECT_EQ(client.response(urgent).body.size(), 100'000U);
  EXPECT_EQ(client.response(background).body.size(), 100'000U);
}

TEST(Http2Session, AnnouncesItsLimits) {
  Http2Client client;
  client.connect();
  EXPECT_EQ(client.server_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 128U);
  EXPECT_EQ(client.server_setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 32U * 1024);
}

// ---- Request bodies

TEST(Http2Session, GivesTheRequestBodyAsItIsPulled) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.read_some(1 << 20); };
  client.app.on_body = [](Answer& answer) {
    if (answer.read_some(1 << 20)) answer.respond(200, "ok");
  };
  client.connect();
  const std::string body(100'000, 'b');
  const auto id =
      client.send_with_body(with(request("/", "PUT"), {{"content-length", "100000"}}), body);
  EXPECT_EQ(client.response(id).status, 200);
  EXPECT_EQ(client.app.requests[0].head.body_length, 100'000U);
  EXPECT_TRUE(client.app.requests[0].head.has_body);
  EXPECT_EQ(client.app.requests[0].body, body);
  EXPECT_EQ(client.app.requests[0].outcome->body_bytes_received, 100'000U);
}

TEST(Http2Session, HoldsTheClientBackUntilTheBodyIsPulled) {
  Http2Client client;
  client.app.on_start = [](Answer&) {};
  client.connect();
  client.send_with_body(request("/", "PUT"), std::string(1'000'000, 'b'));
  const std::size_t held = client.session().buffered_bytes();
  EXPECT_LE(held, 256U * 1024);
  EXPECT_GT(held, 60'000U);
  Answer& answer = *client.app.requests[0].answer;
  for (int i = 0; i < 100 && !answer.read_some(64 * 1024); ++i) {
    client.settle();
    EXPECT_LE(client.session().buffered_bytes(), 256U * 1024);
  }
  EXPECT_EQ(client.app.requests[0].body.size(), 1'000'000U);
}

TEST(Http2Session, GivesBackTheWindowOfBodiesNobodyRead) {
  Http2Client client;
  client.app.on_start = [](Answer&) {};
  client.connect();
  // More than the connection's window in all.
  for (int i = 0; i < 20; ++i) {
    const auto id = client.send_open_body(request("/", "PUT"), std::string(200'000, 'b'));
    EXPECT_GE(client.session().buffered_bytes(), 60'000U) << i;
    client.cancel(id);
  }
  client.app.on_start = [](Answer& answer) { answer.read_some(1 << 20); };
  client.app.on_body = [](Answer& answer) {
    if (answer.read_some(1 << 20)) answer.respond(200, "ok");
  };
  const auto id = client.send_with_body(request("/", "PUT"), std::string(500'000, 'b'));
  EXPECT_EQ(client.response(id).status, 200);
}

TEST(Http2Session, SkipsTrailers) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.read_some(1 << 20); };
  client.app.on_body = [](Answer& answer) {
    if (answer.read_some(1 << 20)) answer.respond(200, "ok");
  };
  client.connect();
  const auto id =
      client.send_with_body(request("/", "PUT"), "body", {{"x-checksum", "1"}, {"range", "x"}});
  EXPECT_EQ(client.response(id).status, 200);
  EXPECT_EQ(client.app.requests[0].body, "body");
  EXPECT_TRUE(client.app.requests[0].head.fields.empty());
}

TEST(Http2Session, AnswersAnExpectationWhenTheBodyIsPulled) {
  Http2Client client;
  client.app.on_start = [](Answer&) {};
  client.connect();
  const auto id =
      client.send_open_body(with(request("/", "PUT"), {{"expect", "100-continue"}}), "");
  EXPECT_FALSE(client.response(id).continued);
  Answer& answer = *client.app.requests[0].answer;
  answer.read_some(10);
  client.settle();
  EXPECT_TRUE(client.response(id).continued);
  client.continue_body(id, "hello", true);
  EXPECT_TRUE(answer.read_some(100));
  answer.respond(201, "made");
  client.settle();
  EXPECT_EQ(client.response(id).status, 201);
}

TEST(Http2Session, AnswersBeforeABodyNobodyWantsAndThenStopsIt) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.respond(403, "no"); };
  client.connect();
  const auto id = client.send_open_body(request("/", "PUT"), "some");
  EXPECT_EQ(client.response(id).status, 403);
  EXPECT_EQ(client.response(id).body, "no");
  EXPECT_EQ(client.response(id).reset, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kComplete);
}

TEST(Http2Session, RefusesABodyOfAnotherLengthThanDeclared) {
  for (const char* length : {"4", "6"}) {
    Http2Client client;
    client.app.on_start = [](Answer& answer) { answer.read_some(100); };
    client.app.on_body = [](Answer& answer) { answer.read_some(100); };
    client.connect();
    const auto id =
        client.send_with_body(with(request("/", "PUT"), {{"content-length", length}}), "hello");
    EXPECT_EQ(client.response(id).reset, NGHTTP2_PROTOCOL_ERROR);
    EXPECT_FALSE(client.app.requests[0].body_complete);
    EXPECT_EQ(client.app.requests[0].outcome->ending, Ending::kClientLeft);
  }
}

// ---- The connection

TEST(Http2Session, RefusesAnotherPreface) {
  Http2Client client;
  client.bytes_in("GET / HTTP/1.1\r\nHost: video.example\r\n\r\n");
  EXPECT_EQ(client.goaway, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_TRUE(client.finished);
}

TEST(Http2Session, NamesTheErrorOfABrokenFrame) {
  Http2Client client;
  client.connect().frame(4, 0, 0, "12345");  // SETTINGS whose size is no multiple of 6.
  EXPECT_EQ(client.goaway, NGHTTP2_FRAME_SIZE_ERROR);
  EXPECT_TRUE(client.finished);
}

TEST(Http2Session, NamesTheErrorOfABrokenHeaderBlock) {
  Http2Client client;
  client.connect().frame(1, 5, 1, "\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(client.goaway, NGHTTP2_COMPRESSION_ERROR);
  EXPECT_TRUE(client.finished);
}

TEST(Http2Session, DrainsByFinishingWhatIsUnderWay) {
  Http2Client client;
  client.app.on_start = [](Answer& answer) { answer.exchange.respond({.status = 200}, 4); };
  const auto id = client.connect().get();
  client.drain();
  EXPECT_EQ(client.goaway, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.goaways, 1U);
  client.pass(2s);
  EXPECT_EQ(client.goaways, 2U);  // Now it names the last stream.
  EXPECT_FALSE(client.finished);
  client.app.requests[0].answer->give("done");
  client.settle();
  EXPECT_EQ(client.response(id).body, "done");
  EXPECT_TRUE(client.finished);
  EXPECT_FALSE(client.abruptly);
}

TEST(Http2Session, DrainsAnIdleConnectionSoon) {
  Http2Client client;
  client.connect().drain().pass(2s);
  EXPECT_TRUE(client.finished);
  EXPECT_EQ(client.goaway, NGHTTP2_NO_ERROR);
}

}  // namespace
}  // namespace http
