#include "edge/origin_fetch.h"

#include <string>
#include <utility>
#include <vector>

#include "edge/target.h"

namespace edge {
namespace {

class HttpFetch final : public cache::OriginFetch, private http::FetchEvents {
 public:
  HttpFetch(http::Client& client, cache::OriginRequest request, cache::OriginEvents& events)
      : client_(client),
        request_(std::move(request)),
        target_(static_cast<const Target&>(*request_.target)),
        events_(events) {}

  // False: there is no origin to ask; on_end() has not been called.
  bool ask_next() {
    if (tried_.size() >= target_.site->config.origin_tries) return false;
    const auto origin = target_.site->origins.pick(tried_);
    if (!origin) return false;
    tried_.push_back(*origin);
    has_head_ = false;
    fetch_ = client_.start(request_for(*origin), *this);
    return true;
  }

  void resume() override {
    if (fetch_) fetch_->resume();
  }
  [[nodiscard]] bool ends_with_connection() const override {
    return fetch_ && fetch_->ends_with_connection();
  }

 private:
  http::FetchRequest request_for(std::size_t origin) const {
    const Site& site = *target_.site;
    const http::Url& url = site.origins.url(origin);
    http::FetchRequest request;
    request.url = url_of(url, target_.target);
    request.fields = target_.fields;
    request.fields.set("host", host_of(site, url, target_.authority));
    if (request_.range) {
      std::string range = "bytes=" + std::to_string(request_.range->first) + '-';
      if (request_.range->last) range += std::to_string(*request_.range->last);
      request.fields.set("range", range);
      if (!request_.if_range.empty()) request.fields.set("if-range", request_.if_range);
    }
    if (!request_.if_none_match.empty())
      request.fields.set("if-none-match", request_.if_none_match);
    if (!request_.if_modified_since.empty()) {
      request.fields.set("if-modified-since", request_.if_modified_since);
    }
    request.timeouts = site.timeouts;
    request.tls = site.tls;
    request.connections_max = site.config.origin_connections_max;
    return request;
  }

  void on_head(int status, base::Fields fields) override {
    has_head_ = true;
    target_.site->origins.report_head(tried_.back(), status);
    events_.on_head(status, std::move(fields));
  }

  bool on_body(std::string_view bytes) override { return events_.on_body(bytes); }

  void on_end(base::Result<void> outcome) override {
    if (!outcome && is_origin_failure(outcome.error(), !has_head_)) {
      target_.site->origins.report_failure(tried_.back(), outcome.error().context);
    }
    if (!outcome && !has_head_ && may_ask_another(outcome.error()) && ask_next()) return;
    events_.on_end(std::move(outcome));
  }

  http::Client& client_;
  const cache::OriginRequest request_;
  const Target& target_;
  cache::OriginEvents& events_;
  std::vector<std::size_t> tried_;
  bool has_head_ = false;
  std::unique_ptr<http::Fetch> fetch_;
};

// No origin is up: says so from the loop, since events never run inside fetch().
class NoOrigin final : public cache::OriginFetch {
 public:
  NoOrigin(http::EventLoop& loop, cache::OriginEvents& events)
      : timer_(loop, [&events] {
          events.on_end(base::fail(base::ErrorCode::kUnreachable, "every origin is marked down",
                                   base::Blame::kOrigin));
        }) {
    timer_.arm(std::chrono::microseconds(0));
  }
  void resume() override {}

 private:
  http::Timer timer_;
};

}  // namespace

bool is_origin_failure(const base::Error& error, bool blames_silence) {
  if (error.blame != base::Blame::kOrigin) return false;
  return error.code == base::ErrorCode::kUnreachable || error.code == base::ErrorCode::kTimeout ||
         (blames_silence && error.code == base::ErrorCode::kProtocol);
}

bool may_ask_another(const base::Error& error) {
  if (error.code == base::ErrorCode::kOverloaded) return true;
  return error.blame == base::Blame::kOrigin && error.code != base::ErrorCode::kAborted;
}

std::unique_ptr<cache::OriginFetch> HttpOrigin::fetch(cache::OriginRequest request,
                                                      cache::OriginEvents& events) {
  auto fetch = std::make_unique<HttpFetch>(client_, std::move(request), events);
  if (!fetch->ask_next()) return std::make_unique<NoOrigin>(loop_, events);
  return fetch;
}

}  // namespace edge
