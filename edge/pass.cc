#include "edge/pass.h"

#include <utility>

#include "edge/origin_fetch.h"
#include "http/message.h"

namespace edge {
Pass::Pass(Worker& worker, base::Ref<const Target> target, http::Exchange& exchange, Events events)
    : worker_(worker),
      target_(std::move(target)),
      exchange_(exchange),
      events_(std::move(events)),
      buffer_(&worker.buffers),
      no_origin_(worker.loop, [this] {
        events_.on_failure(
            {base::ErrorCode::kUnreachable, "every origin is marked down", base::Blame::kOrigin});
      }) {}

void Pass::start() {
  worker_.metrics.origin_passes.add();
  if (!ask_next()) no_origin_.arm(std::chrono::microseconds(0));
}

bool Pass::ask_next() {
  const Site& site = *target_->site;
  if (tried_.size() >= site.config.origin_tries) return false;
  const auto origin = site.origins.pick(tried_);
  if (!origin) return false;
  tried_.push_back(*origin);
  const http::Url& url = site.origins.url(*origin);
  http::FetchRequest request;
  request.method = target_->method;
  request.url = url_of(url, target_->target);
  request.fields = target_->fields;
  request.fields.set("host", host_of(site, url, target_->authority));
  request.timeouts = site.timeouts;
  request.tls = site.tls;
  request.connections_max = site.config.origin_connections_max;
  if (exchange_.request().has_body) {
    request.body = &exchange_.request_body();
    request.body_length = exchange_.request().body_length;
    is_read_body_ = true;
  }
  if (request.fields.find("accept").value_or("").find("text/event-stream") !=
      std::string_view::npos) {
    request.timeouts.stall = std::chrono::milliseconds(0);  // Events come when they come.
  }
  fetch_ = worker_.client.start(std::move(request), *this);
  return true;
}

void Pass::request_body_ready() {
  if (fetch_) fetch_->wake_body();
}

void Pass::on_head(int status, base::Fields fields) {
  has_head_ = true;
  target_->site->origins.report_head(tried_.back(), status);
  events_.on_head(status, std::move(fields));
}

bool Pass::on_body(std::string_view bytes) {
  const std::size_t wanted = waiting_bytes_ + bytes.size();
  if (waiting_bytes_ >= kPassBufferBytes ||
      (waiting_bytes_ >= kPassBufferBytesMin && !buffer_.try_hold(wanted))) {
    paused_ = true;
    resume_at_ = waiting_bytes_ / 2;
    return false;
  }
  buffer_.hold(wanted);
  waiting_.push_back(base::Slice::of(std::string(bytes)));
  waiting_bytes_ += bytes.size();
  events_.on_body();
  return true;
}

void Pass::on_end(base::Result<void> outcome) {
  if (!outcome && is_origin_failure(outcome.error(), !has_head_ && !is_read_body_)) {
    target_->site->origins.report_failure(tried_.back(), outcome.error().context);
  }
  if (!outcome && !has_head_ && !is_read_body_ && http::is_safe(target_->method) &&
      may_ask_another(outcome.error()) && ask_next()) {
    return;
  }
  if (!has_head_) {
    events_.on_failure(
        outcome ? base::Error{base::ErrorCode::kProtocol, "no response", base::Blame::kOrigin}
                : outcome.error());
    return;
  }
  outcome_ = std::move(outcome);
  events_.on_body();
}

http::Pulled Pass::pull(std::size_t max) {
  if (!waiting_.empty()) {
    base::Slice& front = waiting_.front();
    base::Slice piece = front.sub(0, std::min(max, front.size()));
    front.remove_prefix(piece.size());
    waiting_bytes_ -= piece.size();
    buffer_.hold(waiting_bytes_);
    if (front.empty()) waiting_.pop_front();
    if (paused_ && waiting_bytes_ <= resume_at_) {
      paused_ = false;
      fetch_->resume();
    }
    return http::Pulled::some(std::move(piece));
  }
  if (!outcome_) return http::Pulled::pending();
  return *outcome_ ? http::Pulled::end() : http::Pulled::failed();
}

}  // namespace edge
