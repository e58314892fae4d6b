#include "http/client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/http/fetch_fixture.h"
#include "tests/http/scripted_origin.h"

namespace http {
namespace {

using base::Blame;
using base::ErrorCode;
using namespace std::chrono_literals;

constexpr std::string_view kHello =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: "
    "1\r\n\r\n";

// Answers every request of every connection alike.
ScriptedOrigin::Script always(std::string_view response) {
  return [response](OriginConnection& connection) {
    while (!connection.read_head().empty()) connection.send(response);
  };
}

struct ClientTest : FetchFixture {};

TEST_F(ClientTest, SendsTheRequestAsItIsAndNothingOfItsOwn) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  std::promise<std::string> sent;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    sent.set_value(connection.read_head());
    connection.send(kHello);
  });
  FetchRequest request = get(origin.url("/a/../b//%2e?t=%41&u"));
  request.fields = {{"x-empty", ""},
                    {"range", "bytes=0-4"},
                    {"content-length", "9"},
                    {"connection", "close"},
                    {"expect", "100-continue"}};
  const Viewer viewer = fetch(std::move(request));
  unsetenv("http_proxy");
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(sent.get_future().get(),
            "GET /a/../b//%2e?t=%41&u HTTP/1.1\r\nHost: " + origin.authority() +
                "\r\nx-empty:\r\nrange: bytes=0-4\r\n\r\n");
}

TEST_F(ClientTest, GivesHeadThenBodyThenEnd) {
  ScriptedOrigin origin(always(kHello));
  const Viewer viewer = fetch(origin.url());
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.heads, 1);
  EXPECT_EQ(viewer.status, 200);
  EXPECT_EQ(viewer.fields, (base::Fields{{"content-length", "5"}, {"etag", "\"a\""}}));
  EXPECT_EQ(viewer.body, "hello");
  EXPECT_EQ(client.in_flight(), 0U);
}

TEST_F(ClientTest, DecodesChunksAndDropsTrailers) {
  ScriptedOrigin origin(always(kChunked));
  const Viewer viewer = fetch(origin.url());
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.body, "hello");
  EXPECT_TRUE(viewer.fields.empty());
}

TEST_F(ClientTest, LeavesContentCodingsAlone) {
  ScriptedOrigin origin(
      always("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"));
  const Viewer viewer = fetch(origin.url());
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.body, "abc");
  EXPECT_TRUE(viewer.fields.contains("content-encoding"));
}

TEST_F(ClientTest, TakesTheCloseForTheEndWhenNothingElseFrames) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.read_head();
    connection.send("HTTP/1.0 200 OK\r\n\r\nhello");
  });
  const Viewer viewer = fetch(origin.url());
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.body, "hello");
}

TEST_F(ClientTest, WaitsForNoBodyOfHeadAnd204And304) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    for (std::string head; !(head = connection.read_head()).empty();) {
      if (head.starts_with("HEAD")) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
      if (head.starts_with("GET /204")) connection.send("HTTP/1.1 204 No Content\r\n\r\n");
      if (head.starts_with("GET /304")) connection.send("HTTP/1.1 304 Not Modified\r\n\r\n");
    }
  });
  FetchRequest head = get(origin.url());
  head.method = "HEAD";
  const Viewer viewer = fetch(std::move(head));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.fields.find("content-length"), "5");
  EXPECT_EQ(fetch(origin.url("/204")).status, 204);
  EXPECT_EQ(fetch(origin.url("/304")).status, 304);
  EXPECT_EQ(origin.connections(), 1);
}

TEST_F(ClientTest, FollowsNoRedirect) {
  ScriptedOrigin origin(
      always("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"));
  const Viewer viewer = fetch(origin.url());
  EXPECT_TRUE(viewer.succeeded());
  EXPECT_EQ(viewer.status, 302);
  EXPECT_EQ(viewer.fields.find("location"), "/elsewhere");
}

// Whatever the offset before `end` at which the origin stops, the viewer is never told that all
// went well.
void cut_everywhere(FetchFixture& fixture, std::string_view response, std::size_t end) {
  ScriptedOrigin origin([response](OriginConnection& connection) {
    connection.read_head();
    connection.send(response.substr(0, static_cast<std::size_t>(connection.number)));
  });
  for (std::size_t cut = 0; cut < end; ++cut) {
    const Viewer viewer = fixture.fetch(origin.url());
    EXPECT_EQ(viewer.error(), ErrorCode::kProtocol) << "cut at " << cut;
    EXPECT_EQ(viewer.outcome->error().blame, Blame::kOrigin) << "cut at " << cut;
    EXPECT_LE(viewer.body.size(), 5U);
  }
  EXPECT_TRUE(fixture.fetch(origin.url()).succeeded());
  EXPECT_EQ(origin.connections(), static_cast<int>(end) + 1);
}

TEST_F(ClientTest, TellsABodyCutAnywhereFromAWholeOne) {
  cut_everywhere(*this, kHello, kHello.size());
}

TEST_F(ClientTest, TellsAChunkedBodyCutAnywhereFromAWholeOne) {
  // libcurl takes a missing final LF for an end: harmless, since every chunk and trailer was there.
  cut_everywhere(*this, kChunked, kChunked.size() - 1);
}

TEST_F(ClientTest, RefusesGarbage) {
  const std::vector<std::string> responses{
      "hello, I am no HTTP server\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello",
      "HTTP/1.1 200 OK\r\nX: \x01\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
      std::string("HTTP/1.1 200 OK\r\nX: ") + std::string(300'000, 'x'),
      std::string(300'000, 'x'),
  };
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.read_head();
    connection.send(responses[static_cast<std::size_t>(connection.number)]);
  });
  for (const std::string& response : responses) {
    const Viewer viewer = fetch(origin.url());
    EXPECT_EQ(viewer.error(), ErrorCode::kProtocol) << response.substr(0, 80);
  }
  EXPECT_EQ(origin.connections(), static_cast<int>(responses.size()));  // None used again.
}

struct SmallHeads : FetchFixture {
  SmallHeads() : FetchFixture({.head_fields_max = 4, .head_bytes_max = 512}) {}
};

TEST_F(SmallHeads, AreTakenUpToTheLimitsAndNotBeyond) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    const std::string head = connection.read_head();
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    const std::string rest = "\r\n\r\n";
    if (head.starts_with("GET /fields4")) connection.send(start + "A: 1\r\nB: 1\r\nC: 1" + rest);
    if (head.starts_with("GET /fields5")) {
      connection.send(start + "A: 1\r\nB: 1\r\nC: 1\r\nD: 1" + rest);
    }
    const std::size_t filler = 512 - start.size() - 3 - rest.size();
    if (head.starts_with("GET /bytes512"))
      connection.send(start + "A: " + std::string(filler, 'a') + rest);
    if (head.starts_with("GET /bytes513"))
      connection.send(start + "A: " + std::string(filler + 1, 'a') + rest);
    if (head.starts_with("GET /hints")) {
      for (int i = 0; i < 100; ++i) connection.send("HTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n");
      connection.send(kHello);
    }
  });
  EXPECT_TRUE(fetch(origin.url("/fields4")).succeeded());
  EXPECT_EQ(fetch(origin.url("/fields5")).error(), ErrorCode::kProtocol);
  EXPECT_TRUE(fetch(origin.url("/bytes512")).succeeded());
  EXPECT_EQ(fetch(origin.url("/bytes513")).error(), ErrorCode::kProtocol);
  EXPECT_EQ(fetch(origin.url("/hints")).error(), ErrorCode::kProtocol);
}

TEST_F(ClientTest, IgnoresBytesBeyondTheLengthAndGivesUpThatConnection) {
  ScriptedOrigin origin(always("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello"));
  for (int i = 0; i < 3; ++i) {
    const Viewer viewer = fetch(origin.url());
    EXPECT_TRUE(viewer.succeeded());
    EXPECT_EQ(viewer.body, "hel");
  }
  EXPECT_EQ(origin.connections(), 3);
}

TEST_F(ClientTest, ResolvesNames) {
  ScriptedOrigin origin(always(kHello));
  const Viewer viewer = fetch("http://localhost:" + std::to_string(origin.port()) + "/");
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
}

// Keep-alive.

TEST_F(ClientTest, KeepsAConnectionForTheNextFetch) {
  ScriptedOrigin origin(always(kHello));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(fetch(origin.url()).succeeded());
  EXPECT_EQ(origin.connections(), 1);
}

TEST_F(ClientTest, HeedsConnectionClose) {
  ScriptedOrigin origin(
      always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fetch(origin.url()).succeeded());
  EXPECT_EQ(origin.connections(), 3);
}

// Serves one request a connection and hangs up on the second, as a keep-alive timeout does that
// expires just then.
struct HangsUp {
  ScriptedOrigin origin{[this](OriginConnection& connection) {
    for (int served = 0; !connection.read_head().empty(); ++served) {
      ++heads;
      if (served == 1) return;
      connection.send(kHello);
    }
  }};
  std::atomic<int> heads = 0;
};

TEST_F(ClientTest, SendsASafeRequestAgainWhenTheKeptConnectionProvesClosed) {
  HangsUp peer;
  EXPECT_TRUE(fetch(peer.origin.url()).succeeded());
  EXPECT_TRUE(fetch(peer.origin.url()).succeeded());
  EXPECT_EQ(peer.heads, 3);
  EXPECT_EQ(peer.origin.connections(), 2);
}

TEST_F(ClientTest, NeverSendsAnUnsafeRequestTwice) {
  for (const std::string method : {"POST", "DELETE", "PUT", "PATCH"}) {
    HangsUp peer;
    EXPECT_TRUE(fetch(peer.origin.url()).succeeded());
    FetchRequest request = get(peer.origin.url());
    request.method = method;
    const Viewer viewer = fetch(std::move(request));
    EXPECT_EQ(viewer.error(), ErrorCode::kProtocol) << method;
    EXPECT_EQ(peer.heads, 2) << method;
  }
}

TEST_F(ClientTest, NoticesAConnectionClosedWhileItLayIdle) {
  std::promise<void> closed;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.read_head();
    connection.send(kHello);
    if (connection.number == 0) {
      connection.close();
      closed.set_value();
    }
  });
  EXPECT_TRUE(fetch(origin.url()).succeeded());
  closed.get_future().wait();
  FetchRequest post = get(origin.url());
  post.method = "POST";
  EXPECT_TRUE(fetch(std::move(post)).succeeded());
  EXPECT_EQ(origin.connections(), 2);
}

struct OneConnection : FetchFixture {
  OneConnection() : FetchFixture({.connections_per_origin_max = 1}) {}
};

TEST_F(OneConnection, AFetchThatNeverGotOneLeavesNoBrokenHandleBehind) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.read_head();
    connection.wait_for_close();
  });
  Viewer holds;
  std::unique_ptr<Fetch> holding = client.start(get(origin.url()), holds);
  FetchRequest impatient = get(origin.url());
  impatient.timeouts.place = std::chrono::milliseconds(30);
  const Viewer refused = fetch(std::move(impatient));
  EXPECT_EQ(refused.error(), base::ErrorCode::kOverloaded);
  EXPECT_EQ(refused.outcome->error().blame, base::Blame::kUs);
  holding.reset();
  ScriptedOrigin well(always(kHello));
  EXPECT_TRUE(fetch(well.url()).succeeded());
}

TEST_F(OneConnection, TheWaitForItIsNoConnectTimeout) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    if (connection.number == 0) return connection.wait_for_close();
    connection.read_head();
    connection.send(kHello);
  });
  Viewer holds;
  std::unique_ptr<Fetch> holding = client.start(get(origin.url()), holds);
  Timer leaves(loop, [&] { holding.reset(); });
  leaves.arm(std::chrono::milliseconds(60));
  FetchRequest second = get(origin.url());
  second.timeouts.connect = std::chrono::milliseconds(40);
  EXPECT_TRUE(fetch(std::move(second)).succeeded());
}

TEST_F(OneConnection, NoDeadlineInLineIsTheOrigins) {
  ScriptedOrigin origin([](OriginConnection& connection) { connection.wait_for_close(); });
  Viewer holds;
  const std::unique_ptr<Fetch> holding = client.start(get(origin.url()), holds);
  FetchRequest second = get(origin.url());
  second.timeouts.total = std::chrono::milliseconds(20);
  const Viewer refused = fetch(std::move(second));
  EXPECT_EQ(refused.error(), base::ErrorCode::kOverloaded);
  EXPECT_EQ(refused.outcome->error().blame, base::Blame::kUs);
}

TEST_F(OneConnection, ARequestMayBringMoreAndOtherOriginsHaveTheirOwn) {
  const auto hold = [](OriginConnection& connection) {
    connection.read_head();
    connection.wait_for_close();
  };
  ScriptedOrigin origin(hold), other(always(kHello));
  Viewer first, second;
  const std::unique_ptr<Fetch> holding = client.start(get(origin.url()), first);
  EXPECT_TRUE(fetch(other.url()).succeeded());
  FetchRequest wide = get(origin.url());
  wide.connections_max = 2;
  wide.timeouts.place = std::chrono::milliseconds(10);
  wide.timeouts.first_byte = std::chrono::milliseconds(30);
  EXPECT_EQ(fetch(std::move(wide)).error(), base::ErrorCode::kTimeout);  // It was sent.
}

struct AShortLine : FetchFixture {
  AShortLine() : FetchFixture({.connections_per_origin_max = 1, .line_max = 1}) {}
};

TEST_F(AShortLine, RefusesWhoComesWhenItIsFull) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.read_head();
    connection.wait_for_close();
  });
  Viewer holds, waits;
  std::unique_ptr<Fetch> holding = client.start(get(origin.url()), holds);
  std::unique_ptr<Fetch> waiting = client.start(get(origin.url()), waits);
  EXPECT_EQ(fetch(origin.url()).error(), base::ErrorCode::kOverloaded);
  waiting.reset();  // Who leaves the line makes room in it.
  FetchRequest next = get(origin.url());
  next.timeouts.place = std::chrono::milliseconds(10);
  Viewer came;
  waiting = client.start(std::move(next), came);
  came.when_end = [&] { loop.stop(); };
  loop.run();
  EXPECT_EQ(came.error(), base::ErrorCode::kOverloaded);
  EXPECT_EQ(client.in_flight(), 1U);
}

TEST_F(OneConnection, IsSharedByTurns) {
  ScriptedOrigin origin(always(kHello));
  std::vector<Viewer> viewers(5);
  std::vector<std::unique_ptr<Fetch>> fetches;
  int ended = 0;
  for (Viewer& viewer : viewers) {
    viewer.when_end = [&] {
      if (++ended == 5) loop.stop();
    };
    fetches.push_back(client.start(get(origin.url()), viewer));
  }
  EXPECT_EQ(client.in_flight(), 5U);
  run();
  for (const Viewer& viewer : viewers) EXPECT_EQ(viewer.body, "hello") << viewer.context();
  EXPECT_EQ(origin.connections(), 1);
}

struct OneIdle : FetchFixture {
  OneIdle() : FetchFixture({.idle_connections_max = 1}) {}
};

TEST_F(OneIdle, ConnectionIsKeptAndTheOthersAreClosed) {
  constexpr int kCrowd = 4;
  std::atomic<int> arrived = 0, left = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.read_head();
    ++arrived;
    while (arrived < kCrowd) std::this_thread::yield();  // So that each needs its own connection.
    connection.send(kHello);
    connection.wait_for_close();
    if (++left == kCrowd - 1) loop.post([this] { loop.stop(); });
  });
  std::vector<Viewer> viewers(kCrowd);
  std::vector<std::unique_ptr<Fetch>> fetches;
  for (Viewer& viewer : viewers) fetches.push_back(client.start(get(origin.url()), viewer));
  run();
  EXPECT_EQ(left, kCrowd - 1);
  for (const Viewer& viewer : viewers) EXPECT_TRUE(viewer.succeeded()) << viewer.context();
}

}  // namespace
}  // namespace http
