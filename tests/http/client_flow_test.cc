// How a fetch flows: pauses, timeouts, cancelling.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/client.h"
#include "tests/http/fetch_fixture.h"
#include "tests/http/scripted_origin.h"

namespace http {
namespace {

using base::Blame;
using base::ErrorCode;
using namespace std::chrono_literals;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Answers every request of every connection alike.
ScriptedOrigin::Script always(std::string_view response) {
  return [response](OriginConnection& connection) {
    while (!connection.read_head().empty()) connection.send(response);
  };
}

struct ClientFlow : FetchFixture {};

// Backpressure.

std::string large_body() {
  std::string body(3'000'000, 0);
  std::uint32_t seed = 7;
  for (char& byte : body) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return body;
}

struct Budget {
  base::ByteBudget buffers{base::Bytes(600 * 1024)};
};
struct BudgetedFlow : Budget, FetchFixture {
  BudgetedFlow() : FetchFixture(ClientOptions{.buffers = &buffers}) {}
};

TEST_F(BudgetedFlow, TakesSmallerBuffersWhenTheBudgetIsUsedUp) {
  const std::string body = large_body();
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body);
  });
  std::vector<Viewer> viewers(4);
  std::vector<std::unique_ptr<Fetch>> fetches;
  std::vector<std::uint64_t> held;
  int left = static_cast<int>(viewers.size());
  for (Viewer& viewer : viewers) {
    viewer.when_end = [&] {
      if (--left == 0) loop.stop();
    };
    const std::uint64_t before = buffers.held().count();
    fetches.push_back(client.start(get(origin.url("/")), viewer));
    held.push_back((buffers.held().count() - before) / 1024);
  }
  // Each twice its buffer: 256 KiB, then what fits, then the least.
  EXPECT_EQ(held, (std::vector<std::uint64_t>{512, 32, 32, 32}));
  run();
  for (const Viewer& viewer : viewers) EXPECT_TRUE(viewer.succeeded() && viewer.body == body);
  EXPECT_EQ(buffers.held().count(), 0U);
}

TEST_F(ClientFlow, PausesAndGivesTheSameBytesAgain) {
  const std::string body = large_body();
  for (const bool chunked : {false, true}) {
    ScriptedOrigin origin([&](OriginConnection& connection) {
      connection.read_head();
      if (!chunked) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body);
        return;
      }
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (std::size_t at = 0; at < body.size(); at += 50'000) {
        connection.send("c350\r\n" + body.substr(at, 50'000) + "\r\n");
      }
      connection.send("0\r\n\r\n");
    });
    Viewer viewer;
    std::unique_ptr<Fetch> fetch;
    Timer later(loop, [&] { fetch->resume(); });
    int calls = 0;
    std::string refused;
    viewer.when_body = [&](std::string_view bytes) {
      if (!refused.empty()) {
        EXPECT_TRUE(bytes.starts_with(refused.substr(0, bytes.size())));
        refused.clear();
        return true;
      }
      if (++calls % 7 != 1) return true;
      refused = bytes;
      if (calls % 2 == 1) {
        later.arm(100us);
      } else {
        fetch->resume();  // Before the pause has even begun.
      }
      return false;
    };
    viewer.when_end = [this] { loop.stop(); };
    FetchRequest request = get(origin.url());
    request.timeouts.stall = 1000ms;
    fetch = client.start(std::move(request), viewer);
    run();
    EXPECT_TRUE(viewer.succeeded()) << viewer.context();
    EXPECT_EQ(viewer.body == body, true) << viewer.body.size() << " bytes, chunked " << chunked;
  }
}

TEST_F(ClientFlow, DoesNotCallAPauseAStall) {
  ScriptedOrigin origin(always(kHello));
  Viewer viewer;
  std::unique_ptr<Fetch> fetch;
  Timer later(loop, [&] { fetch->resume(); });
  bool paused = false;
  viewer.when_body = [&](std::string_view) {
    if (std::exchange(paused, true)) return true;
    later.arm(120ms);
    return false;
  };
  viewer.when_end = [this] { loop.stop(); };
  FetchRequest request = get(origin.url());
  request.timeouts.stall = 50ms;
  fetch = client.start(std::move(request), viewer);
  run();
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
}

// Timeouts.

struct Slow {
  FetchTimeouts timeouts;
  std::string_view name;
  ScriptedOrigin::Script script;
};

TEST_F(ClientFlow, NamesTheTimeoutThatPassed) {
  const auto send_and_wait = [](std::string_view bytes) {
    return [bytes](OriginConnection& connection) {
      connection.read_head();
      connection.send(bytes);
      connection.wait_for_close();
    };
  };
  const auto drip = [](OriginConnection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.send("x")) {
    }
  };
  const std::vector<Slow> cases{
      {{.first_byte = 20ms}, "first byte timeout of 20 ms", send_and_wait("")},
      {{.first_byte = 20ms}, "first byte timeout of 20 ms", send_and_wait("HTTP/1.1 200 OK\r\n")},
      {{.stall = 20ms},
       "stall timeout of 20 ms",
       send_and_wait(kHello.substr(0, kHello.size() - 1))},
      {{.total = 20ms},
       "total timeout of 20 ms",
       send_and_wait(kHello.substr(0, kHello.size() - 1))},
      {{.stall = 5'000ms, .total = 30ms}, "total timeout of 30 ms", drip},
  };
  for (const Slow& slow : cases) {
    ScriptedOrigin origin(slow.script);
    FetchRequest request = get(origin.url());
    request.timeouts = slow.timeouts;
    const Viewer viewer = fetch(std::move(request));
    EXPECT_EQ(viewer.error(), ErrorCode::kTimeout) << slow.name;
    EXPECT_NE(viewer.context().find(slow.name), std::string::npos) << viewer.context();
  }
}

TEST_F(ClientFlow, CountsAHandshakeThatHangsAsConnecting) {
  ScriptedOrigin origin([](OriginConnection& connection) { connection.wait_for_close(); });
  FetchRequest request = get("https://" + origin.authority() + "/");
  request.timeouts.connect = 20ms;
  const Viewer viewer = fetch(std::move(request));
  EXPECT_EQ(viewer.error(), ErrorCode::kTimeout);
  EXPECT_NE(viewer.context().find("connect timeout of 20 ms"), std::string::npos)
      << viewer.context();
}

TEST_F(ClientFlow, SaysThatNobodyListens) {
  std::string url;
  {
    ScriptedOrigin gone([](OriginConnection&) {});
    url = gone.url("/secret-token/v.mp4");
  }
  const Viewer viewer = fetch(url);
  EXPECT_EQ(viewer.error(), ErrorCode::kUnreachable);
  EXPECT_EQ(viewer.outcome->error().blame, Blame::kOrigin);
  EXPECT_EQ(viewer.context().find("secret-token"), std::string::npos) << viewer.context();
}

TEST_F(ClientFlow, RefusesWhatCannotBeSentButNotInsideStart) {
  std::vector<FetchRequest> requests(6, get("http://127.0.0.1:1/"));
  requests[0].url = "ftp://127.0.0.1/";
  requests[1].url = "http://127.0.0.1/a b";
  requests[2].url = "http://user@127.0.0.1/";
  requests[3].method = "GET /x HTTP/1.1\r\nX";
  requests[4].fields = {{"x", "1\r\nEvil: 1"}};
  requests[5].method = "CONNECT";
  for (FetchRequest& request : requests) {
    const Viewer viewer = fetch(std::move(request));
    EXPECT_EQ(viewer.error(), ErrorCode::kInvalid);
    EXPECT_EQ(viewer.outcome->error().blame, Blame::kUs);
  }
}

// Cancelling.

TEST_F(ClientFlow, ForgetsAFetchDestroyedInAnyPhase) {
  const std::string body = large_body();
  ScriptedOrigin origin([&](OriginConnection& connection) {
    while (true) {
      const std::string head = connection.read_head();
      if (head.empty()) return;
      if (head.starts_with("GET /silent")) return connection.wait_for_close();
      if (head.starts_with("GET /hello")) {
        connection.send(kHello);
        continue;
      }
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + body);
    }
  });
  const auto still_works = [&] {
    EXPECT_EQ(client.in_flight(), 0U);
    EXPECT_TRUE(fetch(origin.url("/hello")).succeeded());
  };
  Viewer viewer;
  viewer.when_end = [] { ADD_FAILURE() << "an event after the fetch was destroyed"; };
  std::unique_ptr<Fetch> doomed;
  const auto destroy = [&] {
    doomed.reset();
    loop.stop();
  };

  doomed = client.start(get(origin.url("/large")), viewer);  // Before libcurl knows of it.
  doomed.reset();
  still_works();

  doomed = client.start(get("https://" + origin.authority()), viewer);  // In the TLS handshake.
  Timer soon(loop, destroy);
  soon.arm(5ms);
  run();
  still_works();

  doomed = client.start(get(origin.url("/silent")), viewer);  // Waiting for the head.
  soon.arm(5ms);
  run();
  still_works();

  viewer.when_head = destroy;
  doomed = client.start(get(origin.url("/large")), viewer);
  run();
  still_works();

  viewer.when_head = nullptr;
  for (const bool taken : {true, false}) {  // In on_body(), returning either.
    viewer.when_body = [&, taken](std::string_view) {
      destroy();
      return taken;
    };
    doomed = client.start(get(origin.url("/large")), viewer);
    run();
    still_works();
  }

  viewer.when_body = [&](std::string_view) {  // While paused.
    soon.arm(1ms);
    return false;
  };
  doomed = client.start(get(origin.url("/large")), viewer);
  run();
  still_works();

  viewer.when_body = nullptr;
  viewer.when_end = destroy;
  doomed = client.start(get(origin.url("/hello")), viewer);  // In its own on_end().
  run();
  still_works();
}

TEST_F(ClientFlow, LetsAnEventCancelAnotherFetchAndStartANewOne) {
  ScriptedOrigin origin(always(kHello));
  Viewer other, viewer, next;
  other.when_end = [] { ADD_FAILURE() << "an event after the fetch was destroyed"; };
  next.when_end = [this] { loop.stop(); };
  std::unique_ptr<Fetch> fetch, next_fetch, other_fetch;
  viewer.when_head = [&] {
    other_fetch.reset();
    next_fetch = client.start(get(origin.url()), next);
  };
  fetch = client.start(get(origin.url()), viewer);
  ScriptedOrigin silent([](OriginConnection& connection) { connection.wait_for_close(); });
  other_fetch = client.start(get(silent.url()), other);
  run();
  EXPECT_TRUE(next.succeeded());
  EXPECT_TRUE(viewer.succeeded());
}

}  // namespace
}  // namespace http
