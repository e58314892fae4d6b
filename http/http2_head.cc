#include "http/http2_head.h"

#include <charconv>
#include <utility>

#include "http/url.h"

namespace http {
namespace {

// RFC 9113 §10.5.1: what a field costs beyond its text.
constexpr std::size_t kFieldOverhead = 32;

std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return length;
}

}  // namespace

void Http2Head::add(std::string_view name, std::string_view value) {
  if (!limit_.empty() || malformed_) return;
  ++count_;
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (count_ > limits_->header_fields_max) {
    limit_ = "header_fields_max";
  } else if (bytes_ > limits_->header_bytes_max.count()) {
    limit_ = "header_bytes_max";
  } else if (name.starts_with(':')) {
    take_pseudo(name, value);
  } else if (name == "cookie") {
    // RFC 9113 §8.2.3: crumbs become one field again before they go anywhere else.
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += value;
  } else if (name == "host") {
    malformed_ = has_host_;
    has_host_ = true;
    host_ = value;
  } else if (name == "content-length") {
    content_length_ = parse_length(value);
    if (!content_length_) malformed_ = true;
  } else if (name == "expect") {
    expects_continue_ = base::equals_ignoring_case(value, "100-continue");
    expects_else_ = !expects_continue_;
  } else if (name != "te") {
    if (fields_.empty()) fields_.reserve(16, 512);
    fields_.add(name, value);
  }
}

void Http2Head::take_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method_ = value;
  } else if (name == ":path") {
    if (value.size() > limits_->request_line_max.count()) {
      limit_ = "request_line_max";
    } else {
      target_ = value;
    }
  } else if (name == ":authority") {
    has_authority_ = true;
    authority_ = value;
  } else if (name == ":scheme") {
    scheme_fits_ = value == "http" || value == "https";
  } else {
    malformed_ = true;  // ":protocol": extended CONNECT, which was not offered.
  }
}

int Http2Head::finish(RequestHead& head, Frame frame) {
  if (limit_ == "request_line_max") return 414;
  if (!limit_.empty()) return 431;
  if (malformed_) return 400;
  if (method_ == "CONNECT") return 501;
  if (!is_token(method_) || !scheme_fits_) return 400;
  if (!is_origin_form(target_) && !(target_ == "*" && method_ == "OPTIONS")) return 400;

  if (!has_authority_) {
    authority_ = std::move(host_);
  } else if (has_host_ && !base::equals_ignoring_case(authority_, host_)) {
    return 400;
  }
  if (!is_authority(authority_)) return 400;
  if (expects_else_) return 417;
  if (content_length_.value_or(0) > limits_->request_body_max.count()) {
    limit_ = "request_body_max";
    return 413;
  }

  if (!cookie_.empty()) fields_.add("cookie", cookie_);
  head.version = Version::kHttp2;
  head.method = std::move(method_);
  head.scheme = frame.tls ? "https" : "http";
  head.authority = base::to_lower(authority_);
  head.target = std::move(target_);
  head.fields = std::move(fields_);
  head.body_length = content_length_;
  head.has_body = !frame.ends_stream && content_length_ != 0U;
  return 0;
}

}  // namespace http
