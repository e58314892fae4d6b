// Server, over real sockets: protocols, limits on connections, balance, draining.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/http/server_fixture.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using testing::body_of;
using ::testing::HasSubstr;
using testing::PlainClient;
using ::testing::StartsWith;
using testing::TestServer;
using testing::TlsClient;

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kEmptySettings("\0\0\0\4\0\0\0\0\0", 9);

// The server's first frame on an HTTP/2 connection.
bool begins_with_settings(PlainClient& client) {
  const std::string header = client.read(9);
  return header.size() == 9 && header[3] == 4;
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    EXPECT_TRUE(store_.reload({{{}, certificate_.chain(), certificate_.private_key()}}));
  }
  TestCertificate certificate_{"video.example"};
  TlsStore store_;
};

TEST_F(ServerTest, SpeaksHttp1OnPlainConnections) {
  TestServer server;
  PlainClient client(server.listen());
  EXPECT_TRUE(client.get("/5") == body_of(5));
  EXPECT_TRUE(client.get("/3000000") == body_of(3'000'000));
  EXPECT_EQ(client.get("/peer"), "127.0.0.1 plain  http");
}

TEST_F(ServerTest, SpeaksHttp2WithPriorKnowledgeOnPlainConnections) {
  TestServer server;
  PlainClient client(server.listen());
  client.write(kPreface + kEmptySettings);
  EXPECT_TRUE(begins_with_settings(client));
}

TEST_F(ServerTest, DetectsAPrefaceThatComesInPieces) {
  TestServer server;
  PlainClient client(server.listen());
  for (const char byte : kPreface + kEmptySettings) client.write({&byte, 1});
  EXPECT_TRUE(begins_with_settings(client));
}

TEST_F(ServerTest, TakesAnotherBeginningForHttp1) {
  TestServer server;
  PlainClient client(server.listen());
  client.write("P");
  client.write("UT /5 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_response() == body_of(5));
  PlainClient odd(server.listen());
  odd.write("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  EXPECT_THAT(odd.read_to_end(), HasSubstr(" 505 "));
}

TEST_F(ServerTest, ChoosesTheProtocolByAlpn) {
  TestServer server;
  const auto port = server.listen(&store_);
  TlsClient both(port, {.alpn = "\x08http/1.1\x02h2"});
  EXPECT_EQ(both.protocol(), "h2");
  both.write(kPreface + kEmptySettings);
  EXPECT_TRUE(begins_with_settings(both));
  TlsClient old(port, {.alpn = "\x08http/1.1"});
  EXPECT_EQ(old.protocol(), "http/1.1");
  EXPECT_TRUE(old.get("/5") == body_of(5));
}

TEST_F(ServerTest, SpeaksHttp1OverTlsWithoutAlpn) {
  TestServer server;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.listen(&store_), {.server_name = "video.example", .version = version});
    EXPECT_EQ(client.protocol(), "");
    EXPECT_EQ(client.get("/peer"), "127.0.0.1 tls video.example https");
    EXPECT_TRUE(client.get("/3000000") == body_of(3'000'000));
  }
}

TEST_F(ServerTest, SendsAHeadAndASmallBodyInOneTlsRecord) {
  TestServer server;
  TlsClient client(server.listen(&store_), {.version = TLS1_2_VERSION});
  EXPECT_TRUE(client.get("/2048") == body_of(2'048));
  EXPECT_EQ(client.records.size(), 2U);  // The request's and the response's.
}

TEST_F(ServerTest, BeginsWithSmallTlsRecordsAndGoesOnWithFullOnes) {
  TestServer server;
  TlsClient client(server.listen(&store_), {.version = TLS1_2_VERSION});
  EXPECT_TRUE(client.get("/1000000") == body_of(1'000'000));
  constexpr std::size_t kOverhead = 24;  // Nonce and tag of AES-GCM.
  ASSERT_GT(client.records.size(), 70U);
  for (std::size_t i = 1; i <= 16; ++i) EXPECT_EQ(client.records[i], 4'096 + kOverhead);
  for (std::size_t i = 17; i < 60; ++i) EXPECT_EQ(client.records[i], 16'384 + kOverhead) << i;
}

TEST_F(ServerTest, RefusesAnUnknownProtocol) {
  TestServer server;
  EXPECT_FALSE(TlsClient(server.listen(&store_), {.alpn = "\x03xyz"}).connected);
}

TEST_F(ServerTest, RefusesTls11) {
  TestServer server;
  EXPECT_FALSE(TlsClient(server.listen(&store_), {.version = TLS1_1_VERSION}).connected);
}

TEST_F(ServerTest, HasNoUseForPlainTextOnATlsPort) {
  TestServer server;
  PlainClient client(server.listen(&store_));
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_to_end();  // At most an alert, then the end.
  EXPECT_TRUE(TlsClient(server.listen(&store_)).connected);
}

TEST_F(ServerTest, SendsWholeBodiesToClientsThatReadSlowly) {
  TestServer server;
  PlainClient client(server.listen(), 4'096);
  client.write("GET /2000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_response() == body_of(2'000'000));
}

TEST_F(ServerTest, TellsWhyItCannotListen) {
  TestServer server;
  const auto taken = server.server->listen("127.0.0.1:" + std::to_string(server.listen()), nullptr);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, base::ErrorCode::kBusy);
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
                          "localhost:80", "::1:80", "[::1]", "[127.0.0.1]:80"}) {
    const auto port = server.server->listen(bad, nullptr);
    ASSERT_FALSE(port) << bad;
    EXPECT_EQ(port.error().code, base::ErrorCode::kInvalid) << bad;
  }
}

TEST_F(ServerTest, TakesConnectionsUpToTheLimitAndAgainAfterOneWent) {
  for (const Limits& limits :
       {Limits{.connections_max = 2}, Limits{.connections_per_address_max = 2}}) {
    TestServer server(1, limits);
    const auto port = server.listen();
    PlainClient first(port);
    auto second = std::make_unique<PlainClient>(port);
    EXPECT_TRUE(first.get("/1") == body_of(1));
    EXPECT_TRUE(second->get("/1") == body_of(1));
    EXPECT_NE(PlainClient(port).read_to_end(), "x");  // Accepted and closed at once.
    EXPECT_EQ(server.server->stats().connections_open, 2U);

    // Its close and our next connect come to the loop in that order.
    second->write("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    second->read_to_end();
    second.reset();
    for (int i = 0; i < 1'000; ++i) {
      PlainClient again(port);
      if (again.get("/1") == body_of(1)) break;
      EXPECT_LT(i, 999);
    }
    EXPECT_THAT(server.metrics.text(), HasSubstr("headrace_http_limit_total{limit=\"connections_"));
  }
}

TEST_F(ServerTest, SpreadsConnectionsOverTheLoops) {
  TestServer server(3);
  const auto port = server.listen();
  std::vector<std::unique_ptr<PlainClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<PlainClient>(port));
    EXPECT_TRUE(clients.back()->get("/100") == body_of(100));
  }
  EXPECT_EQ(server.loops_used(), 3U);
}

TEST_F(ServerTest, ServesManyConnectionsOnSeveralLoops) {
  TestServer server(3);
  const auto plain = server.listen();
  const auto tls = server.listen(&store_);
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&, i] {
      for (int n = 0; n < 10; ++n) {
        if (i % 2 == 0) {
          EXPECT_TRUE(PlainClient(plain).get("/50000") == body_of(50'000));
        } else {
          EXPECT_TRUE(TlsClient(tls).get("/50000") == body_of(50'000));
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST_F(ServerTest, DrainLetsExchangesFinishAndThenReports) {
  TestServer server(2);
  const auto port = server.listen();
  auto busy = std::make_unique<PlainClient>(port);
  auto idle = std::make_unique<PlainClient>(port);
  EXPECT_TRUE(idle->get("/1") == body_of(1));
  busy->write("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  server.held.wait_for_request();

  std::promise<void> empty;
  std::future<void> is_empty = empty.get_future();
  server.server->drain(1h, [&] { empty.set_value(); });
  EXPECT_TRUE(idle->closed_by_server());
  idle.reset();
  EXPECT_EQ(is_empty.wait_for(0s), std::future_status::timeout);
  server.held.let_go();
  EXPECT_THAT(busy->read_to_end(), StartsWith("HTTP/1.1 200"));
  busy.reset();
  EXPECT_EQ(is_empty.wait_for(testing::kPatience), std::future_status::ready);
}

TEST_F(ServerTest, DrainWaitsNoLongerThanItsPatience) {
  TestServer server;
  PlainClient busy(server.listen());
  busy.write("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  server.held.wait_for_request();
  std::promise<void> over;
  server.server->drain(1ms, [&] { over.set_value(); });
  server.server->drain(1h, [] { ADD_FAILURE() << "only the first call counts"; });
  EXPECT_EQ(over.get_future().wait_for(testing::kPatience), std::future_status::ready);
}

TEST_F(ServerTest, DrainOfAnEmptyServerReportsAtOnce) {
  TestServer server(2);
  server.listen();
  std::promise<void> empty;
  server.server->drain(1h, [&] { empty.set_value(); });
  EXPECT_EQ(empty.get_future().wait_for(testing::kPatience), std::future_status::ready);
}

TEST_F(ServerTest, StopsWithConnectionsOpen) {
  TestServer server(2);
  PlainClient first(server.listen());
  TlsClient second(server.listen(&store_));
  EXPECT_TRUE(first.get("/1") == body_of(1));
  EXPECT_TRUE(second.get("/1") == body_of(1));
  server.stop();
  EXPECT_TRUE(first.closed_by_server());
}

}  // namespace
}  // namespace http
