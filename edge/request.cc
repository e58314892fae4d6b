#include "edge/request.h"

#include <utility>

#include "edge/key_rules.h"
#include "edge/ranges_body.h"
#include "edge/refusal.h"
#include "http/problem.h"

namespace edge {
namespace {

using cache::Lookup;

// A request that was released from a fill (another variant, not storable) may look up again, so
// often; then it passes through.
constexpr int kLookupsMax = 3;

// The range that a fill may serve for an unknown object. A suffix or several ranges can't be placed
// before the length is known: asking for the first byte tells it at the price of one chunk.
std::optional<cache::Span> span_of(const RequestFacts& facts) {
  if (!facts.range) return std::nullopt;
  const auto specs = http::parse_range(*facts.range);
  if (!specs) return std::nullopt;
  if (specs->size() == 1 && specs->front().first) {
    return cache::Span{*specs->front().first, specs->front().last};
  }
  return cache::Span{0, 0};
}

}  // namespace

Request::Request(Worker& worker, http::Exchange& exchange)
    : worker_(worker),
      exchange_(exchange),
      revision_(worker.revision),
      serial_(worker.id_base + worker.requests++) {}

void Request::start() {
  if (route()) look_up();
}

bool Request::route() {
  const http::RequestHead& request = exchange_.request();
  site_ = revision_->sites.find(request.host());
  if (!site_) {
    refuse(421, "this server does not answer for that host");
    return false;
  }
  facts_ = facts_of(request.fields);
  if (!take_token()) return false;
  if (request.method == "CONNECT" || request.method == "TRACE") {
    refuse(405, "CONNECT and TRACE are not supported");
    return false;
  }
  if (facts_.has_cdn_loop && is_looping(request.fields, revision_->config.node.name)) {
    refuse(508, "the request has passed this node before: its origin leads back to it");
    return false;
  }
  if (request.method == "OPTIONS" && !site_->config.cors.origins.empty() && facts_.origin &&
      request.fields.contains("access-control-request-method")) {
    answer_preflight();
    return false;
  }
  if (request.target == "*") {  // OPTIONS: about this server, not about what lies behind it.
    respond(options_head(head_context()), 0);
    return false;
  }
  const bool is_get = request.method == "GET" || request.method == "HEAD";
  if (!is_get) {
    pass(Forward::kMethod);
    return false;
  }
  if (const std::string_view ambiguity = ambiguity_of(asked()); !ambiguity.empty()) {
    refuse(400, "the path has " + std::string(ambiguity) + ", which is not served");
    return false;
  }
  if (site_->rewrites_query) target_ = normalised_target(asked(), site_->config.query);
  if (!site_->config.cache || request.has_body) {
    pass(Forward::kBypass);
    return false;
  }
  return true;
}

void Request::answer_preflight() {
  state_ = State::kSending;
  respond(preflight_head(exchange_.request().fields, head_context()), std::nullopt);
}

void Request::look_up() {
  const http::RequestHead& request = exchange_.request();
  ++lookups_;
  site_->write_key(worker_.key_text, normalised(), request.authority);
  Lookup lookup = worker_.store.find_in_memory(worker_.key_text, request.fields);
  if (lookup.state != Lookup::State::kAskDisk) {
    found(std::move(lookup));
    return;
  }
  state_ = State::kLookingUp;
  pending_ = worker_.store.find(worker_.key_text, request.fields, worker_.loop,
                                [this](Lookup later) { found(std::move(later)); });
}

void Request::found(Lookup lookup) {
  pending_.reset();
  switch (lookup.state) {
    case Lookup::State::kPass:
      pass(Forward::kBypass);
      return;
    case Lookup::State::kAskDisk:
    case Lookup::State::kAbsent:
      status_.forward = Forward::kUriMiss;
      open(nullptr);
      return;
    case Lookup::State::kFound:
      break;
  }
  // Who may not have it causes no revalidation either.
  if (!admits(lookup.object->head().access)) return;
  soft_purged_ = lookup.soft_purged;
  const cache::Freshness& freshness = lookup.object->head().freshness;
  const base::WallTime now = worker_.clock.wall();
  if (!facts_.has_cache_control && !lookup.soft_purged && freshness.fresh(now) &&
      !freshness.no_cache) {
    status_.hit = true;
    serve(std::move(lookup.object), ObjectBody::Opened::kFound);
    return;
  }
  const cache::UseDecision decision =
      cache::use_of(freshness, exchange_.request().fields, *site_->policy, now, lookup.soft_purged);
  switch (decision.use) {
    case cache::Use::kFresh:
      status_.hit = true;
      serve(std::move(lookup.object), ObjectBody::Opened::kFound);
      return;
    case cache::Use::kStaleOk:
      status_.hit = true;
      worker_.store.revalidate_in_background(ask(), lookup.object);
      serve(std::move(lookup.object), ObjectBody::Opened::kFound);
      return;
    case cache::Use::kRevalidate:
      status_.forward = lookup.soft_purged || !freshness.fresh(now) || freshness.no_cache
                            ? Forward::kStale
                            : Forward::kRequest;
      may_serve_stale_on_error_ = decision.if_error;
      open(std::move(lookup.object));
      return;
  }
}

void Request::open(base::Ref<const cache::Object> stale) {
  if (facts_.has_cache_control) {
    const cache::CacheControl asks =
        cache::parse_cache_control(exchange_.request().fields.joined("cache-control"));
    if (asks.only_if_cached) {
      refuse(504, "not in this cache, and the request asks for nothing else");
      return;
    }
    // Nothing of it would be kept: others would wait for it in vain.
    if (!stale && asks.no_store) {
      pass(status_.forward);
      return;
    }
  }
  // A head alone fills nothing, and events are for one client.
  if (!stale && (is_head() || facts_.wants_event_stream)) {
    pass(status_.forward);
    return;
  }
  state_ = State::kOpening;
  stale_ = stale;
  pending_ =
      worker_.store.open(ask(), std::move(stale), worker_.loop,
                         [this](base::Result<cache::Opened> result) { opened(std::move(result)); });
}

void Request::opened(base::Result<cache::Opened> result) {
  pending_.reset();
  if (!result) {
    if (serve_stale_on_error(std::nullopt)) {
      error_ = result.error().context;
    } else {
      refuse(result.error());
    }
    return;
  }
  status_.collapsed = result->collapsed;
  if (result->collapsed) worker_.metrics.collapsed.add();
  if (result->origin_status != 0) status_.forward_status = result->origin_status;
  switch (result->kind) {
    case cache::Opened::Kind::kObject:
      status_.stored = result->verdict == cache::StoreVerdict::kStore;
      soft_purged_ = false;
      serve(std::move(result->object), result->revalidated || result->collapsed
                                           ? ObjectBody::Opened::kFound
                                           : ObjectBody::Opened::kFetchedNow);
      return;
    case cache::Opened::Kind::kPrivate:
      if (result->status >= 500 && serve_stale_on_error(result->status)) return;
      serve_private(std::move(*result));
      return;
    case cache::Opened::Kind::kFetchYourself:
      status_ = {};
      if (lookups_ < kLookupsMax) {
        look_up();  // A mark lets it by now, or another variant is there.
      } else {
        pass(Forward::kBypass);
      }
      return;
  }
}

bool Request::serve_stale_on_error(std::optional<int> origin_status) {
  if (!stale_ || !may_serve_stale_on_error_ || worker_.store.purged(*stale_)) return false;
  worker_.metrics.stale_on_error.add();
  status_.forward = Forward::kStale;
  status_.forward_status = origin_status;
  status_.served_stale = true;
  serve(std::move(stale_), ObjectBody::Opened::kFound);
  return true;
}

void Request::serve(base::Ref<const cache::Object> object, ObjectBody::Opened opened) {
  if (!admits(object->head().access)) return;
  object_ = std::move(object);
  stale_ = nullptr;
  const base::WallTime now = worker_.clock.wall();
  if (status_.hit || status_.forward == Forward::kStale) {
    status_.ttl = std::chrono::floor<std::chrono::seconds>(object_->head().freshness.ttl(now));
    if (soft_purged_) status_.ttl = std::min(*status_.ttl, std::chrono::seconds(0));
  }
  const auto length = object_->length();
  selection_ = select(facts_, object_->head().status, object_->fields()->fields, length, now);
  if (selection_.ranges.size() > 1) {
    const auto type = object_->fields()->fields.find("content-type").value_or("");
    parts_.emplace(selection_.ranges, *length, std::string(type), http::make_boundary());
  }
  const bool has_body = !is_head() && selection_.status != 304 && selection_.status != 412 &&
                        selection_.status != 416 && length != 0;
  if (!has_body) {
    send_stored();
    return;
  }
  if (parts_) {
    body_ = std::make_unique<RangesBody>(worker_, object_, target(Forwarding::kFill), *parts_,
                                         opened, [this] { wake(); });
    send_stored();
    return;
  }
  const bool is_range = !selection_.ranges.empty();
  auto body = std::make_unique<ObjectBody>(
      worker_, object_, target(Forwarding::kFill), is_range ? selection_.ranges[0].first : 0,
      is_range ? std::optional(selection_.ranges[0].last) : std::nullopt, opened,
      [this] { wake(); });
  object_body_ = body.get();
  body_ = std::move(body);
  state_ = State::kPreparing;
  prepare_body();
}

void Request::prepare_body() {
  if (!object_body_->prepare()) {
    if (object_body_->failure()) refuse(*object_body_->failure());
    return;  // Else wake() comes back here.
  }
  if (status_.hit || status_.forward == Forward::kNone) {
    switch (object_body_->first_source()) {
      case cache::Source::kMemory:
        status_.detail = "ram";
        break;
      case cache::Source::kDisk:
        status_.detail = "disk";
        break;
      case cache::Source::kOrigin:
        // The head was here, these bytes were not.
        status_.hit = false;
        status_.forward = Forward::kPartial;
        status_.stored = true;
        status_.ttl.reset();
        status_.collapsed = object_body_->first_collapsed();
        break;
    }
  }
  object_body_ = nullptr;
  send_stored();
}

void Request::send_stored() {
  state_ = State::kSending;
  const base::WallTime now = worker_.clock.wall();
  const auto length = object_->length();
  switch (selection_.status) {
    case 304:
      respond(not_modified_head(*object_, head_context(), status_, now), std::nullopt);
      return;
    case 412:
      refuse(412, "the stored response does not meet the request's condition");
      return;
    case 416:
      refuse(416,
             "no range asked for lies within the " + std::to_string(length.value_or(0)) +
                 " bytes, or there are too many",
             {{"content-range", http::format_unsatisfied(length.value_or(0))}});
      return;
    default:
      break;
  }
  if (parts_) {
    respond(multipart_head(*object_, parts_->content_type(), head_context(), status_, now),
            parts_->length());
    return;
  }
  const auto body_length =
      selection_.ranges.empty() ? length : std::optional(selection_.ranges.front().length());
  respond(stored_head(*object_, selection_, head_context(), status_, now), body_length);
}

http::Pulled Request::pull(std::size_t max) {
  return body_ ? body_->pull(max) : http::Pulled::end();
}

void Request::request_body_ready() {
  if (pass_ != nullptr) pass_->request_body_ready();
}

void Request::wake() {
  if (state_ == State::kPreparing) {
    prepare_body();
  } else {
    exchange_.wake();
  }
}

void Request::respond(http::ResponseHead head, std::optional<std::uint64_t> length) {
  response_status_ = head.status;
  responded_ = worker_.loop.now();
  exchange_.respond(std::move(head), length);
}

void Request::refuse(int status, std::string_view detail, const base::Fields& more) {
  state_ = State::kRefused;
  if (error_.empty()) error_ = detail;
  pass_ = nullptr;
  object_body_ = nullptr;
  auto answer = std::make_unique<Refusal>(status, detail);
  http::ResponseHead head = answer->head();
  if (status == 503) head.own.add("retry-after", "1");
  for (const base::Field field : more) head.own.add(field.name, field.value);
  if (site_) add_edge_fields(head.own, head_context(), status_);
  const std::uint64_t length = answer->length();
  // The body that failed may be the caller: it is destroyed when the request is.
  failed_body_ = std::exchange(body_, std::move(answer));
  respond(std::move(head), length);
}

void Request::refuse(const base::Error& error) {
  if (error.code == base::ErrorCode::kOverloaded) worker_.metrics.overloaded.add();
  error_ = error.context;
  refuse(status_of(error), public_text(error));
}

void Request::finished(const http::Outcome& outcome) {
  const bool was_refused = state_ == State::kRefused;
  const std::string_view result =
      was_refused ? (response_status_ >= 500 ? "error" : "refused") : result_word(status_);
  worker_.metrics.count_request(result, response_status_);
  if (site_) {
    site_->metrics->requests.add();
    if (status_.hit && !was_refused) site_->metrics->hits.add();
    site_->metrics->body_bytes.add(outcome.body_bytes_sent);
  }
  if (outcome.ending == http::Ending::kAborted) worker_.metrics.bodies_cut.add();
  if (response_status_ != 0) {
    worker_.metrics.first_byte_seconds.observe(
        std::chrono::duration<double>(responded_ - exchange_.started()).count());
  }
  if (worker_.access_log == nullptr) return;
  const http::RequestHead& request = exchange_.request();
  AccessLine line;
  const auto duration = worker_.clock.mono() - exchange_.started();
  const std::string id = request_id();
  line.time =
      worker_.clock.wall() - std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  line.request_id = id;
  line.client = exchange_.peer().address;
  line.method = request.method;
  line.host = request.authority;
  // One that came where nobody knows tokens (another host's, a site without keys) is none the less one.
  const std::string hidden = asked_.empty() && http::has_media_token(request.target)
                                 ? http::hide_media_tokens(request.target)
                                 : std::string();
  line.target = hidden.empty() ? asked() : std::string_view(hidden);
  line.version = http::name_of(request.version);
  line.site = site_ ? std::string_view(site_->name) : std::string_view{};
  line.status = response_status_;
  line.body_bytes_sent = outcome.body_bytes_sent;
  line.body_bytes_received = outcome.body_bytes_received;
  line.duration = std::chrono::duration_cast<std::chrono::microseconds>(duration);
  line.first_byte = std::chrono::duration_cast<std::chrono::microseconds>(
      response_status_ != 0 ? responded_ - exchange_.started() : duration);
  line.result = result;
  line.detail = status_.detail;
  line.range = facts_.range.value_or("");
  line.referer = request.fields.find("referer").value_or("");
  const std::string referer =
      line.referer.contains("/media/") ? http::hide_media_tokens(line.referer) : std::string();
  if (!referer.empty()) line.referer = referer;
  line.user_agent = request.fields.find("user-agent").value_or("");
  line.ending = name_of(outcome.ending);
  line.error = error_;
  line.tls = exchange_.peer().tls;
  worker_.access_log->add(line);
}

HeadContext Request::head_context() const {
  return {*site_, revision_->config.node.name, facts_.origin};
}

std::string_view Request::asked() const {
  return asked_.empty() ? std::string_view(exchange_.request().target) : std::string_view(asked_);
}

std::string_view Request::normalised() const {
  return target_.empty() ? asked() : std::string_view(target_);
}

std::string Request::request_id() const {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(serial_));
  return digits;
}

base::Ref<const Target> Request::target(Forwarding forwarding) {
  if (forwarding == Forwarding::kFill && fill_target_) return fill_target_;
  const http::RequestHead& request = exchange_.request();
  auto made = base::make_ref<const Target>(
      site_, forwarding == Forwarding::kFill ? "GET" : request.method, std::string(normalised()),
      request.authority,
      forwarded_fields(request, exchange_.peer(), *site_, revision_->config.node.name, request_id(),
                       forwarding));
  if (forwarding == Forwarding::kFill) fill_target_ = made;
  return made;
}

cache::Ask Request::ask() {
  cache::Ask ask;
  const http::RequestHead& request = exchange_.request();
  site_->write_key(ask.key_text, normalised(), request.authority);
  ask.request = exchange_.request().fields;
  ask.range = span_of(facts_);
  ask.target = target(Forwarding::kFill);
  ask.policy = site_->policy;
  return ask;
}

}  // namespace edge
