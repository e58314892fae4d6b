// Request: what does not come from the cache: passed through, or fetched for this client alone.
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cache/admission.h"
#include "edge/invalidation.h"
#include "edge/key_rules.h"
#include "edge/private_body.h"
#include "edge/request.h"

namespace edge {
namespace {

std::optional<std::uint64_t> take_content_length(base::Fields& fields) {
  const auto text = fields.find("content-length");
  if (!text) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  const bool is_number = error == std::errc() && end == text->data() + text->size();
  fields.remove("content-length");
  return is_number ? std::optional(length) : std::nullopt;
}

}  // namespace

void Request::serve_private(cache::Opened opened) {
  if (!admits(cache::access_of(opened.fields))) return;
  const auto length = take_content_length(opened.fields);
  body_ = std::make_unique<PrivateBody>(worker_, std::move(opened.body), [this] { wake(); });
  state_ = State::kSending;
  respond(passed_head(opened.status, std::move(opened.fields), head_context(), status_), length);
}

void Request::pass(Forward why) {
  status_ = {};
  status_.forward = why;
  state_ = State::kPassing;
  auto pass = std::make_unique<Pass>(
      worker_, target(Forwarding::kPass), exchange_,
      Pass::Events{[this](int status, base::Fields fields) { passed(status, std::move(fields)); },
                   [this](const base::Error& error) { refuse(error); }, [this] { wake(); }});
  pass_ = pass.get();
  body_ = std::move(pass);
  pass_->start();
}

void Request::passed(int status, base::Fields fields) {
  if (!admits(cache::access_of(fields))) return;
  status_.forward_status = status;
  // What nobody asked for can't be the answer.
  if (((status == 206 || status == 416) && !facts_.range) ||
      (status == 304 && !facts_.if_none_match && !facts_.if_modified_since)) {
    return refuse({base::ErrorCode::kProtocol,
                   "the origin answered " + std::to_string(status) +
                       " to a request without the "
                       "field that this is about",
                   base::Blame::kOrigin});
  }
  if (status < 400 && !http::is_safe(exchange_.request().method)) {
    invalidate_then_send(status, std::move(fields));
  } else {
    send_passed(status, std::move(fields));
  }
}

void Request::send_passed(int status, base::Fields fields) {
  const auto length = take_content_length(fields);
  state_ = State::kSending;
  respond(passed_head(status, std::move(fields), head_context(), status_), length);
}

// What an unsafe request has changed must not be served from the cache any more, from when its
// client knows of the change. RFC 9111 §4.4.
void Request::invalidate_then_send(int status, base::Fields fields) {
  http::RequestHead request = exchange_.request();
  request.target = asked();
  const std::vector<std::string> targets = invalidated_targets(request, fields);
  struct Held {
    std::size_t waiting;
    int status;
    base::Fields fields;
  };
  alive_ = std::make_shared<int>(0);
  auto held = std::make_shared<Held>(Held{targets.size(), status, std::move(fields)});
  for (const std::string& target : targets) {
    site_->write_key(worker_.key_text, normalised_target(target, site_->config.query),
                     request.authority);
    worker_.invalidate(worker_.key_text, request.fields,
                       [this, held, alive = std::weak_ptr<int>(alive_)] {
                         if (alive.expired() || --held->waiting > 0) return;
                         if (state_ == State::kPassing) {
                           send_passed(held->status, std::move(held->fields));
                         }
                       });
  }
}

}  // namespace edge
