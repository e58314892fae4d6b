// A scripted application behind an HTTP/2 session: what it answers, and what it saw.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/slice.h"
#include "http/exchange.h"

namespace http::testing {

// The application's side of one request. Answers 200 "ok" unless `App::on_start` says otherwise.
class App;
class Answer final : public Responder {
 public:
  Answer(App& app, Exchange& exchange, std::size_t number)
      : exchange(exchange), app_(app), number_(number) {}
  ~Answer() override;

  void start() override;
  Pulled pull(std::size_t max) override;
  void request_body_ready() override;
  void finished(const Outcome& outcome) override;

  void respond(int status, std::string_view text) {
    body.push_back(Pulled::some(base::Slice::of(std::string(text))));
    exchange.respond({.status = status}, text.size());
  }
  // `size` bytes of 'x', made as they are pulled.
  void respond_large(std::uint64_t size) {
    large_left = size;
    exchange.respond({.status = 200}, size);
  }
  void give(std::string_view text) {
    body.push_back(Pulled::some(base::Slice::of(std::string(text))));
    exchange.wake();
  }
  void end_body() {
    body.push_back(Pulled::end());
    exchange.wake();
  }
  void fail_body() {
    body.push_back(Pulled::failed());
    exchange.wake();
  }
  // Of what has arrived; true when that was all.
  bool read_some(std::size_t max);

  Exchange& exchange;
  std::deque<Pulled> body;  // Empty: kPending.
  std::uint64_t large_left = 0;

 private:
  App& app_;
  const std::size_t number_;
  bool finished_ = false;
  int calls_ = 0;
};

class App {
 public:
  std::function<void(Answer&)> on_start = [](Answer& answer) { answer.respond(200, "ok"); };
  std::function<void(Answer&)> on_body = [](Answer&) {};

  struct Request {
    RequestHead head;
    std::string body;
    bool body_complete = false;
    bool body_failed = false;
    std::optional<Outcome> outcome;
    Answer* answer = nullptr;  // While it is alive.
  };
  std::deque<Request> requests;

  std::unique_ptr<Responder> handle(Exchange& exchange) {
    auto answer = std::make_unique<Answer>(*this, exchange, requests.size());
    requests.push_back({.head = exchange.request(), .answer = answer.get()});
    return answer;
  }
  [[nodiscard]] std::size_t alive() const {
    std::size_t count = 0;
    for (const Request& request : requests) count += request.answer != nullptr ? 1 : 0;
    return count;
  }
};

inline Answer::~Answer() {
  EXPECT_TRUE(finished_);
  EXPECT_EQ(calls_, 0) << "destroyed inside its own call";
  app_.requests[number_].answer = nullptr;
}
inline void Answer::start() {
  ++calls_;
  app_.on_start(*this);
  --calls_;
}
inline Pulled Answer::pull(std::size_t max) {
  EXPECT_FALSE(finished_);
  if (large_left > 0) {
    static const std::string kText(64 * 1024, 'x');
    const std::size_t count = std::min<std::uint64_t>({max, large_left, kText.size()});
    large_left -= count;
    return Pulled::some(base::Slice::of_static(std::string_view(kText).substr(0, count)));
  }
  if (body.empty()) return Pulled::pending();
  Pulled& next = body.front();
  if (next.state == Pulled::State::kPiece && next.piece.size() > max) {
    Pulled part = Pulled::some(next.piece.sub(0, max));
    next.piece.remove_prefix(max);
    return part;
  }
  Pulled whole = std::move(next);
  body.pop_front();
  return whole;
}
inline void Answer::request_body_ready() {
  ++calls_;
  app_.on_body(*this);
  --calls_;
}
inline void Answer::finished(const Outcome& outcome) {
  EXPECT_FALSE(finished_);
  finished_ = true;
  app_.requests[number_].outcome = outcome;
}
inline bool Answer::read_some(std::size_t max) {
  App::Request& request = app_.requests[number_];
  while (max > 0) {
    Pulled pulled = exchange.request_body().pull(max);
    request.body_complete = pulled.state == Pulled::State::kEnd;
    request.body_failed = pulled.state == Pulled::State::kFailed;
    if (pulled.state != Pulled::State::kPiece) break;
    EXPECT_LE(pulled.piece.size(), max);
    max -= pulled.piece.size();
    request.body += pulled.piece.view();
  }
  return request.body_complete;
}

}  // namespace http::testing
