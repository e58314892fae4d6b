#include "origin/api/endpoint.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/slice.h"
#include "http/event_loop.h"
#include "origin/api/body_window.h"
#include "origin/api/held_body.h"

namespace origin {
namespace {

constexpr const char* kRequestsHelp =
    "Requests to the API by status. 5xx: the log's api.failed lines tell.";

// For routes that want it whole.
class WholeBody final : public BodyTaker {
 public:
  WholeBody(const Route& route, ApiCall call, base::ByteBudget& bodies)
      : route_(route), call_(std::move(call)), body_(bodies, route.body_max) {}

  base::Result<void> take(std::string_view bytes) override { return body_.append(bytes); }
  base::Result<ApiAnswer> finish() override { return route_.handle(call_, body_.take()); }

 private:
  const Route& route_;
  const ApiCall call_;
  HeldBody body_;
};

// "Bearer TOKEN"; empty: none.
std::string_view bearer_of(const base::Fields& fields) {
  std::string_view value = fields.find("authorization").value_or("");
  constexpr std::string_view kScheme = "bearer ";
  if (!base::equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return {};
  return base::trim(value.substr(kScheme.size()));
}

}  // namespace

// One exchange. `link_` tells messages from API threads whether it is still there.
class ApiEndpoint::Answer final : public http::Responder {
 public:
  Answer(ApiEndpoint& endpoint, http::Exchange& exchange)
      : endpoint_(endpoint),
        exchange_(exchange),
        link_(std::make_shared<Answer*>(this)),
        window_(endpoint.windows_) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() override {
    // Destroying it may remove a half-written file.
    if (taker_ != nullptr) endpoint_.threads_.post([taker = std::move(taker_)] {});
  }

  void start() override {
    ApiCall call;
    call.head = exchange_.request();
    const std::string_view target = call.head.target;
    const auto question = target.find('?');
    Router::Found found = endpoint_.router_.find(call.head.method, target.substr(0, question));
    if (question != std::string_view::npos) call.query = parse_query(target.substr(question + 1));
    if (found.route == nullptr) return refuse(found);
    call.names = std::move(found.names);
    work([&endpoint = endpoint_, &route = *found.route,
          call = std::move(call)]() mutable { return begin(endpoint, route, std::move(call)); },
         &Answer::on_begun);
  }

  void request_body_ready() override {
    if (taker_ != nullptr || working_) pull_body();
  }

  http::Pulled pull(std::size_t max) override {
    if (stream_) return stream_->pull(max);
    if (body_.empty()) return http::Pulled::end();
    base::Slice piece = body_.sub(0, std::min(max, body_.size()));
    body_.remove_prefix(piece.size());
    return http::Pulled::some(std::move(piece));
  }

  void finished(const http::Outcome& outcome) override {
    if (stream_) stream_->finished(outcome);
    link_.reset();
  }

 private:
  struct Begun {
    std::unique_ptr<BodyTaker> taker;
    std::optional<ApiAnswer> answer;  // Refused.
    std::optional<ApiCall> call;      // For a stream.
    const Route* route = nullptr;
  };
  struct Taken {
    std::unique_ptr<BodyTaker> taker;
    std::optional<ApiAnswer> answer;
  };

  template <class Work, class Result>
  void work(Work task, void (Answer::*deliver)(Result)) {
    working_ = true;
    endpoint_.threads_.post([&endpoint = endpoint_, link = std::weak_ptr(link_),
                             &loop = exchange_.loop(), task = std::move(task), deliver]() mutable {
      if (link.expired()) return;
      loop.post([&endpoint, link, result = task(), deliver]() mutable {
        const auto answer = link.lock();
        // The client left meanwhile. A taker that goes may write to disk, so not here.
        if (answer == nullptr) return endpoint.threads_.post([result = std::move(result)] {});
        (*answer)->working_ = false;
        ((*answer)->*deliver)(std::move(result));
      });
    });
  }

  // On an API thread.
  static Begun begin(ApiEndpoint& endpoint, const Route& route, ApiCall call) {
    Begun begun{.route = &route};
    const auto refused = [&](ApiAnswer answer) {
      begun.answer = std::move(answer);
      return std::move(begun);
    };
    if (route.access != Access::kAnyone) {
      const auto kind = route.access == Access::kWorker ? TokenKind::kWorker : TokenKind::kApi;
      auto caller = endpoint.tokens_.find(bearer_of(call.head.fields), kind);
      if (!caller) return refused(answer_for(caller.error()));
      if (!*caller) {
        ApiAnswer answer = ApiAnswer::problem(
            401, kind == TokenKind::kApi
                     ? "send \"Authorization: Bearer TOKEN\" with a token that "
                       "headrace-origin token create has made"
                     : "send \"Authorization: Bearer TOKEN\" with a worker's token");
        answer.fields.add("www-authenticate", "Bearer");
        return refused(std::move(answer));
      }
      if (route.access == Access::kOperator && !(*caller)->is_operator) {
        return refused(ApiAnswer::problem(403,
                                          "this needs an operator's token: headrace-origin token "
                                          "create NAME --operator makes one"));
      }
      call.caller = std::move(**caller);
    }
    if (route.stream) {
      begun.call = std::move(call);
    } else if (route.take) {
      auto taker = route.take(call);
      if (!taker) return refused(answer_for(taker.error()));
      begun.taker = std::move(*taker);
    } else {
      if (call.head.body_length.value_or(0) > route.body_max) {
        return refused(ApiAnswer::problem(
            413, "the body may have " + std::to_string(route.body_max) + " bytes"));
      }
      begun.taker = std::make_unique<WholeBody>(route, std::move(call), endpoint.bodies_);
    }
    return begun;
  }

  static Taken take(std::unique_ptr<BodyTaker> taker, const std::vector<base::Slice>& pieces,
                    bool ends) {
    for (const base::Slice& piece : pieces) {
      if (auto taken = taker->take(piece.view()); !taken) {
        // Here and now, so that nothing of it is left when the client hears of it.
        taker.reset();
        return {nullptr, answer_for(taken.error())};
      }
      if (auto answer = taker->early_answer()) {
        taker.reset();
        return {nullptr, std::move(answer)};
      }
    }
    if (!ends) return {std::move(taker), std::nullopt};
    auto answer = taker->finish();
    taker.reset();
    return {nullptr, answer ? std::move(*answer) : answer_for(answer.error())};
  }

  void refuse(const Router::Found& found) {
    if (found.allow.empty()) return respond(ApiAnswer::problem(404, "no such path"));
    if (exchange_.request().method == "OPTIONS") {
      return respond({204, {{"allow", found.allow + ", OPTIONS"}}, {}});
    }
    ApiAnswer answer = ApiAnswer::problem(405, "this path takes " + found.allow);
    answer.fields.add("allow", found.allow + ", OPTIONS");
    respond(std::move(answer));
  }

  void on_begun(Begun begun) {
    taker_ = std::move(begun.taker);
    if (begun.answer) return respond(std::move(*begun.answer));
    if (begun.call) {
      stream_ = begun.route->stream(exchange_, std::move(*begun.call));
      return stream_->start();
    }
    pull_body();
  }

  // Takes what has come, as far as the window reaches, and hands it over when no thread is at it.
  void pull_body() {
    if (responded_) return;
    if (!body_ended_) {
      const auto state = exchange_.request().has_body ? window_.fill(exchange_.request_body())
                                                      : http::Pulled::State::kEnd;
      if (state == http::Pulled::State::kFailed) return;  // The exchange is ending.
      body_ended_ = state == http::Pulled::State::kEnd;
    }
    if (working_ || taker_ == nullptr || (window_.empty() && !body_ended_)) return;
    work([taker = std::move(taker_), taken = window_.take(),
          ends = body_ended_]() mutable { return take(std::move(taker), taken.pieces, ends); },
         &Answer::on_taken);
  }

  void on_taken(Taken taken) {
    taker_ = std::move(taken.taker);
    if (taken.answer) return respond(std::move(*taken.answer));
    pull_body();
  }

  void respond(ApiAnswer answer) {
    responded_ = true;
    window_.drop();
    base::Counter& counter = answer.status < 400   ? endpoint_.requests_2xx_
                             : answer.status < 500 ? endpoint_.requests_4xx_
                                                   : endpoint_.requests_5xx_;
    counter.add();
    const std::size_t length = answer.body.size();
    body_ = base::Slice::of(std::move(answer.body));
    held_ = std::move(answer.held);
    exchange_.respond({answer.status, nullptr, std::move(answer.fields)}, length);
  }

  ApiEndpoint& endpoint_;
  http::Exchange& exchange_;
  std::shared_ptr<Answer*> link_;  // Null once the exchange has ended.

  std::unique_ptr<BodyTaker> taker_;  // Null while an API thread has it.
  bool working_ = false;
  BodyWindow window_;
  bool body_ended_ = false;
  bool responded_ = false;
  base::Slice body_;
  base::ByteBudget::Share held_;  // By body_.
  std::unique_ptr<http::Responder> stream_;
};

ApiEndpoint::ApiEndpoint(const Router& router, const Tokens& tokens, base::ByteBudget& bodies,
                         std::size_t threads, base::Metrics& metrics)
    : router_(router),
      tokens_(tokens),
      bodies_(bodies),
      windows_(base::Bytes(bodies.limit().count() / 4)),
      requests_2xx_(
          metrics.counter("headrace_api_requests_total", kRequestsHelp, {{"status", "2xx"}})),
      requests_4xx_(
          metrics.counter("headrace_api_requests_total", kRequestsHelp, {{"status", "4xx"}})),
      requests_5xx_(
          metrics.counter("headrace_api_requests_total", kRequestsHelp, {{"status", "5xx"}})),
      threads_("api", threads) {}

std::unique_ptr<http::Responder> ApiEndpoint::respond(http::Exchange& exchange) {
  return std::make_unique<Answer>(*this, exchange);
}

}  // namespace origin
