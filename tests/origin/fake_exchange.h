// FakeExchange: an exchange without a wire. Collects what a Responder answers, pulling as a session
// would.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/event_loop.h"
#include "http/exchange.h"

namespace origin {

class FakeExchange final : public http::Exchange {
 public:
  FakeExchange(http::EventLoop& loop, http::RequestHead request)
      : loop_(loop), request_(std::move(request)) {}
  ~FakeExchange() override { leave(); }

  void run(const http::Handler& handler) {
    responder_ = handler(*this);
    responder_->start();
  }
  // Pulls until the body waits, ends or fails.
  void pump() {
    if (!head || !pulling) return;
    while (!ended && !failed) {
      const http::Pulled pulled = responder_->pull(pull_max);
      if (pulled.state == http::Pulled::State::kPending) return;
      if (pulled.state == http::Pulled::State::kPiece) {
        EXPECT_FALSE(pulled.piece.empty());
        EXPECT_LE(pulled.piece.size(), pull_max);
        body += pulled.piece.view();
        if (when_piece) when_piece();
        if (!pulling) return;
      } else {
        (pulled.state == http::Pulled::State::kEnd ? ended : failed) = true;
      }
    }
    if (when_over) when_over();
  }
  void leave() {
    if (responder_ == nullptr) return;
    responder_->finished({.ending = http::Ending::kClientLeft, .body_bytes_sent = body.size()});
    responder_.reset();
  }

  [[nodiscard]] const http::RequestHead& request() const override { return request_; }
  [[nodiscard]] const http::Peer& peer() const override { return peer_; }
  [[nodiscard]] http::EventLoop& loop() override { return loop_; }
  [[nodiscard]] base::MonoTime started() const override { return {}; }
  http::BodySource& request_body() override { base::check_failed("no body", __FILE__, __LINE__); }
  void respond(http::ResponseHead answer, std::optional<std::uint64_t> answer_length) override {
    CHECK(!head.has_value());
    head = std::move(answer);
    length = answer_length;
    pump_soon();
  }
  void wake() override { pump_soon(); }
  void abort() override { failed = true; }

  std::optional<http::ResponseHead> head;
  std::optional<std::uint64_t> length;
  std::string body;
  bool ended = false;
  bool failed = false;
  bool pulling = true;
  std::size_t pull_max = 64 * 1024;
  std::function<void()> when_piece;
  std::function<void()> when_over;  // The body ended or failed.

 private:
  void pump_soon() {
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) pump();
    });
  }

  http::EventLoop& loop_;
  const http::RequestHead request_;
  const http::Peer peer_;
  std::unique_ptr<http::Responder> responder_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace origin
