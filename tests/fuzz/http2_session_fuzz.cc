// Any bytes into an Http2Session, cut anywhere, with time passing: it must neither crash, nor leak,
// nor leave an exchange without its end. The first byte of each round chooses what happens.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "http/event_loop.h"
#include "http/session.h"

namespace {

int alive = 0;

// Reads the body and answers with some; every fifth request is aborted.
class FuzzedAnswer final : public http::Responder {
 public:
  explicit FuzzedAnswer(http::Exchange& exchange) : exchange_(exchange) {
    ++alive;
    const http::RequestHead& head = exchange.request();
    CHECK(!head.authority.empty() && !head.method.empty());
    CHECK(head.target.starts_with('/') || head.target == "*");
    CHECK(!head.fields.contains("host") && !head.fields.contains("connection"));
    for (const base::Field field : head.fields) {
      CHECK(http::is_token(field.name) && http::is_field_value(field.value));
    }
  }
  ~FuzzedAnswer() override {
    CHECK(finished_);
    --alive;
  }
  void start() override {
    if (exchange_.request().target.size() % 5 == 4) return exchange_.abort();
    request_body_ready();
  }
  void request_body_ready() override {
    while (true) {
      const http::Pulled pulled = exchange_.request_body().pull(1'000);
      if (pulled.state == http::Pulled::State::kPending) return;
      if (pulled.state == http::Pulled::State::kFailed) return exchange_.abort();
      if (pulled.state == http::Pulled::State::kEnd) break;
    }
    exchange_.respond({.status = 200}, left_);
  }
  http::Pulled pull(std::size_t max) override {
    static constexpr std::string_view kText = "0123456789abcdef";
    const std::size_t count = std::min({max, left_, kText.size()});
    left_ -= count;
    return http::Pulled::some(base::Slice::of_static(kText.substr(0, count)));
  }
  void finished(const http::Outcome&) override { finished_ = true; }

 private:
  http::Exchange& exchange_;
  std::size_t left_ = 100;
  bool finished_ = false;
};

class Sink final : public http::Output {
 public:
  explicit Sink(std::size_t room) : left_(room) {}
  std::size_t room() const override { return left_; }
  void copy(std::string_view bytes) override { left_ -= std::min(left_, bytes.size()); }
  void share(base::Slice piece) override { left_ -= std::min(left_, piece.size()); }

 private:
  std::size_t left_;
};

class Host final : public http::SessionHost {
 public:
  Host() { session = http::make_http2_session(*this); }
  http::EventLoop& loop() override { return loop_; }
  const http::Peer& peer() const override { return peer_; }
  const http::Limits& limits() const override { return limits_; }
  const http::Handler& handler() const override { return handler_; }
  void want_output() override {}
  void want_input(bool) override {}
  void finish(bool) override {
    CHECK(!finished);
    finished = true;
  }
  void count_limit(std::string_view) override {}

  base::ManualClock clock;
  bool finished = false;

 private:
  http::EventLoop loop_{clock};
  http::Peer peer_;
  http::Limits limits_;
  http::Handler handler_ = [](http::Exchange& exchange) {
    return std::make_unique<FuzzedAnswer>(exchange);
  };

 public:
  std::unique_ptr<http::Session> session;  // Goes before what it uses.
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  {
    Host host;
    host.session->receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    while (!input.empty() && !host.finished) {
      const auto step = static_cast<std::uint8_t>(input.front());
      input.remove_prefix(1);
      if (step < 192) {
        const std::size_t count = std::min<std::size_t>(input.size(), step * 4U + 1);
        host.session->receive(input.substr(0, count));
        input.remove_prefix(count);
      } else if (step < 240) {
        Sink sink(step * 100U);
        host.session->produce(sink);
      } else {
        host.clock.advance(std::chrono::seconds(step - 230));
        host.session->tick(host.clock.mono(), {});
        if (step == 255 && !host.finished) host.session->drain();
      }
    }
    if (!host.finished) host.session->client_closed();
  }
  CHECK(alive == 0);
  return 0;
}
