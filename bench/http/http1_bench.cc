#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/event_loop.h"
#include "http/http1_parser.h"
#include "http/session.h"

namespace {

using namespace http;

// As a browser's player asks for a segment, cookies included.
const std::string kPlayerRequest =
    "GET /v/3f2a/720p/segment-00042.m4s HTTP/1.1\r\n"
    "Host: video.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36\r\n"
    "Accept: */*\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Range: bytes=0-65535\r\n"
    "Origin: https://video.example\r\n"
    "Referer: https://video.example/watch/3f2a\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

// As a load tool asks.
const std::string kSmallRequest = "GET /2k HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

// What does parsing a typical player's request cost?
void parse_head(benchmark::State& state, const std::string& request) {
  const Limits limits;
  Http1Parser parser(limits);
  for (auto _ : state) {
    parser.take(request);
    if (parser.state() != Http1Parser::State::kComplete) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parser.head());
    parser.restart();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(request.size()) * state.iterations());
}
BENCHMARK_CAPTURE(parse_head, player, kPlayerRequest);
BENCHMARK_CAPTURE(parse_head, small, kSmallRequest);

class Sink final : public Output {
 public:
  std::size_t room() const override { return 64 << 10; }
  void copy(std::string_view bytes) override { benchmark::DoNotOptimize(bytes.data()); }
  void share(base::Slice piece) override { benchmark::DoNotOptimize(piece.data()); }
};

// A hit from memory: fields shared with the cache, one piece of body.
class Hit final : public Responder {
 public:
  Hit(Exchange& exchange, const base::Ref<const SharedFields>& fields, const base::Slice& body)
      : exchange_(exchange), fields_(fields), body_(body) {}
  void start() override {
    ResponseHead head;
    head.shared = fields_;
    head.own.add("age", "17");
    exchange_.respond(std::move(head), body_.size());
  }
  Pulled pull(std::size_t) override { return Pulled::some(body_); }

 private:
  Exchange& exchange_;
  const base::Ref<const SharedFields>& fields_;
  const base::Slice& body_;
};

class Host final : public SessionHost {
 public:
  Host() {
    handler_ = [this](Exchange& exchange) {
      return std::make_unique<Hit>(exchange, fields_, body_);
    };
  }
  EventLoop& loop() override { return loop_; }
  const Peer& peer() const override { return peer_; }
  const Limits& limits() const override { return limits_; }
  const Handler& handler() const override { return handler_; }
  void want_output() override {}
  void want_input(bool) override {}
  void finish(bool) override {}
  void count_limit(std::string_view) override {}

 private:
  EventLoop loop_;
  Peer peer_;
  Limits limits_;
  Handler handler_;
  base::Ref<const SharedFields> fields_ =
      base::make_ref<SharedFields>(base::Fields{{"content-type", "application/vnd.apple.mpegurl"},
                                                {"etag", "\"0123456789abcdef\""},
                                                {"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                                {"cache-control", "public, max-age=3600"}});
  base::Slice body_ = base::Slice::of(std::string(2048, 'x'));
};

// What does the session add to a 2 KiB hit, beside the socket and the cache? The goal for the whole
// request on the server is 9 µs.
void serve_hit(benchmark::State& state, const std::string& request) {
  Host host;
  const auto session = make_http1_session(host);
  Sink sink;
  for (auto _ : state) {
    session->receive(request);
    session->produce(sink);
  }
  if (!session->idle()) state.SkipWithError("not served");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(serve_hit, player, kPlayerRequest);
BENCHMARK_CAPTURE(serve_hit, small, kSmallRequest);

}  // namespace
