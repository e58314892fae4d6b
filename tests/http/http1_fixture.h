// A client of Http1Session without sockets: the host and the output are fakes, the clock is moved
// by hand, and a scripted application answers.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/event_loop.h"
#include "http/session.h"

namespace http::testing {

// What the application does with each request, and what it saw.
struct Script {
  std::function<void(Exchange&)> on_start;  // Null: answers 200 "ok".
  std::function<void(Exchange&)> on_body_ready;
  std::deque<Pulled> body;  // What pull() gives; empty: kPending.
  bool reads_body = false;  // Pulls the request's body to its end, then answers 200 "ok".

  std::vector<RequestHead> requests;
  std::string request_body;
  std::vector<Pulled::State> request_body_ends;  // kEnd and kFailed, as seen.
  std::vector<Outcome> outcomes;
  int alive = 0;
  int alive_max = 0;
  Exchange* exchange = nullptr;  // Of the Responder alive.
};

class ScriptedResponder final : public Responder {
 public:
  ScriptedResponder(Script& script, Exchange& exchange) : script_(script), exchange_(exchange) {
    script_.requests.push_back(exchange.request());
    script_.alive_max = std::max(script_.alive_max, ++script_.alive);
    script_.exchange = &exchange;
  }
  ~ScriptedResponder() override {
    EXPECT_TRUE(finished_);
    EXPECT_EQ(calls_, 0) << "destroyed inside its own call";
    --script_.alive;
    script_.exchange = nullptr;
  }

  void start() override {
    const Call call(*this);
    if (script_.reads_body) return read_body();
    if (script_.on_start) return script_.on_start(exchange_);
    answer();
  }
  Pulled pull(std::size_t max) override {
    const Call call(*this);
    if (ok_left_ > 0) {
      ok_left_ = 0;
      return Pulled::some(base::Slice::of_static("ok"));
    }
    if (script_.body.empty()) return Pulled::pending();
    Pulled& next = script_.body.front();
    if (next.state == Pulled::State::kPiece && next.piece.size() > max) {
      Pulled part = Pulled::some(next.piece.sub(0, max));
      next.piece.remove_prefix(max);
      return part;
    }
    Pulled whole = std::move(next);
    script_.body.pop_front();
    return whole;
  }
  void request_body_ready() override {
    const Call call(*this);
    if (script_.reads_body) return read_body();
    if (script_.on_body_ready) script_.on_body_ready(exchange_);
  }
  void finished(const Outcome& outcome) override {
    EXPECT_FALSE(finished_);
    finished_ = true;
    script_.outcomes.push_back(outcome);
  }

 private:
  struct Call {
    explicit Call(ScriptedResponder& owner) : responder(owner) { ++responder.calls_; }
    ~Call() { --responder.calls_; }
    ScriptedResponder& responder;
  };

  void answer() {
    ok_left_ = 2;
    exchange_.respond({.status = 200}, 2);
  }
  void read_body() {
    while (true) {
      Pulled pulled = exchange_.request_body().pull(1 << 20);
      if (pulled.state == Pulled::State::kPending) return;
      if (pulled.state != Pulled::State::kPiece) {
        script_.request_body_ends.push_back(pulled.state);
        if (pulled.state == Pulled::State::kEnd) answer();
        return;
      }
      script_.request_body += pulled.piece.view();
    }
  }

  Script& script_;
  Exchange& exchange_;
  int ok_left_ = 0;
  int calls_ = 0;
  bool finished_ = false;
};

// Keeps what it is given, up to `room`.
class FakeOutput final : public Output {
 public:
  explicit FakeOutput(std::size_t room) : left_(room) {}
  std::size_t room() const override { return left_; }
  void copy(std::string_view bytes) override { add(bytes); }
  void share(base::Slice piece) override { add(piece.view()); }
  std::string bytes;

 private:
  void add(std::string_view more) {
    EXPECT_FALSE(more.empty());
    bytes += more;
    left_ -= std::min(left_, more.size());
  }
  std::size_t left_;
};

enum class Closed { kNo, kGracefully, kAbruptly };

// One client's connection. What the session wants to send is taken after each step, as a connection
// does once its callbacks are over.
class Client final : private SessionHost {
 public:
  explicit Client(Limits limits = {}) : limits_(std::move(limits)), loop_(clock_) {
    peer_.address = "192.0.2.7";
    handler_ = [this](Exchange& exchange) {
      return std::make_unique<ScriptedResponder>(script, exchange);
    };
    session_ = make_http1_session(*this);
  }
  ~Client() override {
    session_.reset();
    EXPECT_EQ(script.alive, 0);
    EXPECT_EQ(script.outcomes.size(), script.requests.size());
    EXPECT_LE(script.alive_max, 1);
  }

  Client& send(std::string_view bytes) {
    if (closed == Closed::kNo) session_->receive(bytes);
    take_output();
    return *this;
  }
  Client& send_split(std::string_view bytes, std::size_t at) {
    return send(bytes.substr(0, at)).send(bytes.substr(at));
  }
  Client& send_by_bytes(std::string_view bytes) {
    for (const char& c : bytes) send({&c, 1});
    return *this;
  }
  Client& close_sending() {
    if (closed == Closed::kNo) session_->client_closed();
    take_output();
    return *this;
  }
  // Time passes in ticks of a second; the socket takes nothing meanwhile when `blocked`.
  Client& pass(std::chrono::milliseconds time) {
    for (; time.count() > 0; time -= std::chrono::seconds(1)) {
      clock_.advance(std::min<std::chrono::milliseconds>(time, std::chrono::seconds(1)));
      if (closed == Closed::kNo) session_->tick(clock_.mono(), blocked_since_);
      take_output();
    }
    return *this;
  }
  Client& stop_reading() {
    blocked_since_ = clock_.mono();
    return *this;
  }
  Client& read_again() {
    blocked_since_.reset();
    take_output();
    return *this;
  }
  // Takes one batch, as when a blocked socket accepts a little.
  Client& read_batch(std::size_t room) {
    blocked_since_ = clock_.mono();
    if (closed == Closed::kNo) produce(room);
    return *this;
  }
  Client& drain() {
    session_->drain();
    take_output();
    return *this;
  }
  Client& vanish() {
    session_.reset();
    closed = Closed::kAbruptly;
    return *this;
  }
  void settle() { take_output(); }

  Session& session() { return *session_; }
  const base::ManualClock& clock() const { return clock_; }

  Script script;
  std::string received;
  std::size_t batches = 0;
  Closed closed = Closed::kNo;
  bool input_wanted = true;
  std::vector<std::string> limits_passed;
  std::size_t room = 64 << 10;
  bool tls = false;

 private:
  EventLoop& loop() override { return loop_; }
  const Peer& peer() const override {
    peer_.tls = tls;
    return peer_;
  }
  const Limits& limits() const override { return limits_; }
  const Handler& handler() const override { return handler_; }
  void want_output() override { output_wanted_ = true; }
  void want_input(bool wanted) override { input_wanted = wanted; }
  void finish(bool abruptly) override {
    EXPECT_EQ(closed, Closed::kNo) << "finished twice";
    closed = abruptly ? Closed::kAbruptly : Closed::kGracefully;
  }
  void count_limit(std::string_view limit) override { limits_passed.emplace_back(limit); }

  void take_output() {
    while (output_wanted_ && closed == Closed::kNo && !blocked_since_) produce(room);
  }
  void produce(std::size_t batch) {
    output_wanted_ = false;
    FakeOutput output(batch);
    session_->produce(output);
    if (!output.bytes.empty()) ++batches;
    if (output.room() == 0) output_wanted_ = true;  // There may be more.
    received += output.bytes;
  }

  Limits limits_;
  base::ManualClock clock_;
  EventLoop loop_;
  mutable Peer peer_;
  Handler handler_;
  bool output_wanted_ = false;
  std::optional<base::MonoTime> blocked_since_;
  std::unique_ptr<Session> session_;
};

inline int status_of(std::string_view response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(std::string(response.substr(9, 3))) : 0;
}

inline std::string get(std::string_view target = "/", std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: video.example\r\n" +
         std::string(fields) + "\r\n";
}

}  // namespace http::testing
