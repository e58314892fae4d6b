// Request bodies: pulled from their source with backpressure, framed as their length is known.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "http/client.h"
#include "tests/http/fetch_fixture.h"
#include "tests/http/scripted_origin.h"

namespace http {
namespace {

using base::Blame;
using base::ErrorCode;
using namespace std::chrono_literals;

constexpr std::string_view kCreated = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";

// Gives `text` in pieces; with `hesitant`, says "pending" before each.
class Upload final : public BodySource {
 public:
  explicit Upload(std::string text) : text_(std::move(text)) {}

  Pulled pull(std::size_t max) override {
    if (hesitant && !std::exchange(ready_, false)) {
      if (wake) wake();
      return Pulled::pending();
    }
    if (at_ == text_.size()) return fails ? Pulled::failed() : Pulled::end();
    const std::size_t size = std::min({max, piece_max, text_.size() - at_});
    at_ += size;
    pulled = at_;
    return Pulled::some(base::Slice::of(text_.substr(at_ - size, size)));
  }
  void ready() { ready_ = true; }

  bool hesitant = false;
  bool fails = false;
  std::size_t piece_max = 64 * 1024;
  std::size_t pulled = 0;
  std::function<void()> wake;  // Asked for inside pull(): must only arm a timer.

 private:
  const std::string text_;
  std::size_t at_ = 0;
  bool ready_ = false;
};

FetchRequest post(const ScriptedOrigin& origin, Upload& upload,
                  std::optional<std::uint64_t> length) {
  FetchRequest request = FetchFixture::get(origin.url());
  request.method = "POST";
  request.body = &upload;
  request.body_length = length;
  return request;
}

struct ClientUpload : FetchFixture {};

TEST_F(ClientUpload, SendsABodyOfKnownLength) {
  std::promise<std::string> sent;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    std::string all = connection.read_head();
    all += connection.read(5);
    connection.send(kCreated);
    sent.set_value(all);
  });
  Upload upload("hello");
  const Viewer viewer = fetch(post(origin, upload, 5));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.status, 201);
  EXPECT_EQ(sent.get_future().get(), "POST / HTTP/1.1\r\nHost: " + origin.authority() +
                                         "\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(ClientUpload, ChunksABodyOfUnknownLength) {
  std::promise<std::string> sent;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    std::string all = connection.read_head();
    all += connection.read_until("0\r\n\r\n");
    connection.send(kCreated);
    sent.set_value(all);
  });
  Upload upload("hello");
  const Viewer viewer = fetch(post(origin, upload, std::nullopt));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(sent.get_future().get(),
            "POST / HTTP/1.1\r\nHost: " + origin.authority() +
                "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

TEST_F(ClientUpload, SaysThatABodyIsEmpty) {
  for (const bool with_source : {false, true}) {
    std::promise<std::string> sent;
    ScriptedOrigin origin([&](OriginConnection& connection) {
      sent.set_value(connection.read_head());
      connection.send(kCreated);
    });
    Upload upload("");
    FetchRequest request = post(origin, upload, 0);
    if (!with_source) request.body = nullptr;
    const Viewer viewer = fetch(std::move(request));
    EXPECT_TRUE(viewer.succeeded()) << viewer.context();
    EXPECT_EQ(sent.get_future().get(),
              "POST / HTTP/1.1\r\nHost: " + origin.authority() + "\r\nContent-Length: 0\r\n\r\n");
  }
}

TEST_F(ClientUpload, WaitsForASourceThatHesitates) {
  const std::string body(100'000, 'u');
  for (const bool known : {true, false}) {
    std::promise<std::string> sent;
    ScriptedOrigin origin([&](OriginConnection& connection) {
      connection.read_head();
      sent.set_value(known ? connection.read(body.size()) : connection.read_until("0\r\n\r\n"));
      connection.send(kCreated);
    });
    Upload upload(body);
    upload.hesitant = true;
    upload.piece_max = 40'000;
    Viewer viewer;
    viewer.when_end = [this] { loop.stop(); };
    std::unique_ptr<Fetch> fetch;
    Timer later(loop, [&] {
      upload.ready();
      fetch->wake_body();
    });
    upload.wake = [&] { later.arm(60ms); };
    FetchRequest request =
        post(origin, upload, known ? std::optional<std::uint64_t>(body.size()) : std::nullopt);
    request.timeouts.stall = 30ms;  // A slow source is no stall of the origin's.
    fetch = client.start(std::move(request), viewer);
    run();
    EXPECT_TRUE(viewer.succeeded()) << viewer.context();
    const std::string received = sent.get_future().get();
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(received, 'u')), body.size());
  }
}

TEST_F(ClientUpload, PullsNoMoreThanTheOriginTakes) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.read_head();
    connection.hold();
  });
  Upload upload(std::string(64'000'000, 'u'));
  FetchRequest request = post(origin, upload, 64'000'000);
  request.timeouts.stall = 50ms;
  const Viewer viewer = fetch(std::move(request));
  EXPECT_EQ(viewer.error(), ErrorCode::kTimeout);
  EXPECT_NE(viewer.context().find("stall"), std::string::npos) << viewer.context();
  EXPECT_LT(upload.pulled, 32'000'000U);  // What the kernel's two buffers hold.
}

TEST_F(ClientUpload, GivesUpWhenTheSourceFails) {
  ScriptedOrigin origin([](OriginConnection& connection) { connection.wait_for_close(); });
  Upload upload("hel");
  upload.fails = true;
  for (const std::optional<std::uint64_t> length : {std::optional<std::uint64_t>(5), {}}) {
    const Viewer viewer = fetch(post(origin, upload, length));
    EXPECT_EQ(viewer.error(), ErrorCode::kAborted);
    EXPECT_EQ(viewer.outcome->error().blame, Blame::kClient);
  }
}

TEST_F(ClientUpload, HoldsTheSourceToItsLength) {
  ScriptedOrigin origin([](OriginConnection& connection) { connection.wait_for_close(); });
  for (const std::uint64_t length : {4U, 6U}) {
    Upload upload("hello");
    EXPECT_EQ(fetch(post(origin, upload, length)).error(), ErrorCode::kAborted) << length;
  }
}

TEST_F(ClientUpload, GivesAnEarlyRefusalAndStopsSending) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    connection.wait_for_close();
  });
  Upload upload(std::string(64'000'000, 'u'));
  upload.piece_max = 1000;
  const Viewer viewer = fetch(post(origin, upload, 64'000'000));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.status, 413);
  EXPECT_EQ(viewer.body, "big");
  EXPECT_LT(upload.pulled, 64'000'000U);
}

TEST_F(ClientUpload, IsNotSentTwiceWhenAKeptConnectionProvesClosed) {
  std::atomic<int> heads = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    for (int served = 0; !connection.read_head().empty(); ++served) {
      ++heads;
      if (served == 1) return;
      connection.send(kCreated);
    }
  });
  EXPECT_TRUE(fetch(origin.url()).succeeded());
  Upload upload("hello");
  EXPECT_EQ(fetch(post(origin, upload, 5)).error(), ErrorCode::kProtocol);
  EXPECT_EQ(heads, 2);
}

}  // namespace
}  // namespace http
