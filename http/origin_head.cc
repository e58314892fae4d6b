#include "http/origin_head.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"

namespace http {
namespace {

using base::Blame;
using base::ErrorCode;

// Hop by hop whether or not Connection names them. RFC 9110 §7.6.1.
constexpr std::array<std::string_view, 9> kConnectionFields{
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "proxy-authorization",
    "te",         "trailer",    "transfer-encoding",  "upgrade"};

std::unexpected<base::Error> malformed(std::string what) {
  return base::fail(ErrorCode::kProtocol, "malformed response head: " + std::move(what),
                    Blame::kOrigin);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) {
  // 18 digits fit an int64 whatever they are, and no body is that long.
  return !text.empty() && text.size() <= 18 && std::all_of(text.begin(), text.end(), is_digit);
}

// The options of a Connection field, RFC 9110 §7.6.1: a list of tokens.
std::vector<std::string> options_of(std::string_view list) {
  std::vector<std::string> options;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view option = base::trim(list.substr(0, comma));
    if (!option.empty()) options.push_back(base::to_lower(option));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return options;
}

}  // namespace

base::Result<bool> OriginHead::add_line(std::string_view line) {
  bytes_seen_ += line.size();
  if (bytes_seen_ > bytes_max_) {
    return base::fail(ErrorCode::kProtocol,
                      "response head is over " + std::to_string(bytes_max_) + " bytes",
                      Blame::kOrigin);
  }
  if (complete()) return false;
  if (!line.ends_with("\r\n")) return malformed("a line does not end in CRLF");
  line.remove_suffix(2);

  if (state_ == State::kStatusLine) {
    if (auto parsed = parse_status_line(line); !parsed) return std::unexpected(parsed.error());
    state_ = State::kFields;
    return false;
  }
  if (!line.empty()) {
    if (auto parsed = parse_field(line); !parsed) return std::unexpected(parsed.error());
    return false;
  }
  if (status_ < 200) {
    fields_.clear();
    state_ = State::kStatusLine;
    return false;
  }
  if (auto framed = check_framing(); !framed) return std::unexpected(framed.error());
  state_ = State::kComplete;
  return true;
}

base::Result<void> OriginHead::parse_status_line(std::string_view line) {
  // "HTTP/1.1 200 OK": the reason may be empty, and so may the space before it.
  constexpr std::size_t kUpToCode = 12;
  if (line.size() < kUpToCode ||
      !(line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) ||
      !std::all_of(line.begin() + 9, line.begin() + 12, is_digit) ||
      (line.size() > kUpToCode && line[kUpToCode] != ' ') || !is_field_value(line)) {
    return malformed("no HTTP/1.x status line");
  }
  http10_ = line[7] == '0';
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status_ < 100 || status_ > 599) return malformed("status " + std::to_string(status_));
  if (status_ == 101) return malformed("101 to a request that asked for no upgrade");
  return {};
}

base::Result<void> OriginHead::parse_field(std::string_view line) {
  if (++fields_seen_ > fields_max_) {
    return base::fail(ErrorCode::kProtocol,
                      "response head has over " + std::to_string(fields_max_) + " fields",
                      Blame::kOrigin);
  }
  const auto colon = line.find(':');
  // A folded line begins with white space, so its "name" is no token either.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return malformed("a field has no valid name");
  }
  const std::string_view value = base::trim(line.substr(colon + 1));
  if (!is_field_value(value)) return malformed("a field value has control bytes");
  fields_.add(line.substr(0, colon), value);
  return {};
}

base::Result<void> OriginHead::check_framing() const {
  const std::size_t lengths = fields_.count("content-length");
  if (lengths > 1) return malformed("more than one Content-Length");
  if (lengths == 1 && !is_number(*fields_.find("content-length"))) {
    return malformed("Content-Length is not a number");
  }
  if (!fields_.contains("transfer-encoding")) return {};
  if (lengths != 0) return malformed("Content-Length beside Transfer-Encoding");
  if (http10_) return malformed("Transfer-Encoding on HTTP/1.0");
  if (!base::equals_ignoring_case(fields_.joined("transfer-encoding"), "chunked")) {
    return malformed("a transfer coding other than chunked");
  }
  return {};
}

base::Fields OriginHead::take_fields() {
  ends_with_connection_ = !fields_.contains("content-length") &&
                          !fields_.contains("transfer-encoding") && status_ != 204 &&
                          status_ != 304;
  std::vector<std::string> options = options_of(fields_.joined("connection"));
  // Framing is ours to report, whatever the origin calls it.
  std::erase(options, "content-length");
  for (const std::string& option : options) fields_.remove(option);
  for (const std::string_view name : kConnectionFields) fields_.remove(name);
  return std::move(fields_);
}

}  // namespace http
