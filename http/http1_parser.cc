#include "http/http1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"
#include "http/url.h"

namespace http {
namespace {

namespace beast = boost::beast;
using Known = beast::http::field;
using ErrorCode = beast::error_code;

constexpr std::size_t kBufferKeptMax = 4096;

// Each is searched for in the whole head.
constexpr std::size_t kConnectionOptionsMax = 16;

constexpr std::uint64_t kFieldOverhead = 32;  // RFC 9113 §10.5.1, for HTTP/1 alike.

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// "GET / HTTP/2.7", or HTTP/0.9's "GET /": a request, but of no version that we speak.
bool is_of_another_version(std::string_view line) {
  const auto target = line.find(' ');
  if (target == std::string_view::npos || !is_token(line.substr(0, target))) return false;
  line.remove_prefix(target + 1);
  const auto version = line.find(' ');
  if (version == std::string_view::npos) return is_origin_form(line);
  line.remove_prefix(version + 1);
  const auto digit = [&](std::size_t index) { return line[index] >= '0' && line[index] <= '9'; };
  return line.size() == 8 && line.starts_with("HTTP/") && digit(5) && line[6] == '.' && digit(7) &&
         line != "HTTP/1.0" && line != "HTTP/1.1";
}

}  // namespace

// Beast's parser can't be used twice, so one is made for each head; it allocates nothing.
class Http1Parser::Grammar {
 public:
  explicit Grammar(Http1Parser& owner) : owner_(owner) {}

  void restart() { parser_.emplace(owner_); }

  // Both take whole lines. False: not the grammar, or refused by a callback.
  bool request_line(std::string_view line) {
    ErrorCode error;
    const std::size_t taken = put(line, error);
    // After a whole request line Beast asks for the fields.
    return error == beast::http::error::need_more && taken == line.size();
  }
  bool fields(std::string_view block) {
    ErrorCode error;
    const std::size_t taken = put(block, error);
    return !error && taken == block.size() && parser_->is_header_done();
  }

 private:
  class Parser final : public beast::http::basic_parser<true> {
   public:
    explicit Parser(Http1Parser& owner) : owner_(owner) {
      // Ours come first, and count differently.
      header_limit(std::numeric_limits<std::uint32_t>::max());
      body_limit(boost::none);
    }

   private:
    static void stop_unless(bool go_on, ErrorCode& error) {
      if (!go_on) error = beast::http::error::bad_value;
    }

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                         int version, ErrorCode& error) override {
      stop_unless(owner_.on_request_line(view(method), view(target), version), error);
    }
    void on_field_impl(Known known, beast::string_view name, beast::string_view value,
                       ErrorCode& error) override {
      stop_unless(owner_.on_field(static_cast<int>(known), view(name), view(value)), error);
    }
    void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
    void on_header_impl(ErrorCode&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
    std::size_t on_body_impl(beast::string_view, ErrorCode&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, ErrorCode&) override {
      return 0;
    }
    void on_finish_impl(ErrorCode&) override {}

    Http1Parser& owner_;
  };

  std::size_t put(std::string_view bytes, ErrorCode& error) {
    return parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  }

  Http1Parser& owner_;
  std::optional<Parser> parser_;
};

Http1Parser::Http1Parser(const Limits& limits)
    : limits_(limits), grammar_(std::make_unique<Grammar>(*this)) {
  restart();
}

Http1Parser::~Http1Parser() = default;

void Http1Parser::restart() {
  CHECK(state_ != State::kRefused);
  grammar_->restart();
  state_ = State::kReading;
  // An idle connection should not hold the memory of a large head. (Assigning an empty string would
  // keep it.)
  if (buffer_.capacity() > kBufferKeptMax) {
    std::string().swap(buffer_);
    base::Fields fields;
    std::swap(head_.fields, fields);
  }
  buffer_.clear();
  line_start_ = 0;
  fields_start_ = 0;
  field_lines_ = 0;
  begun_ = false;
  empty_line_skipped_ = false;

  head_.method.clear();
  head_.authority.clear();
  head_.target.clear();
  head_.fields.clear();
  head_.body_length.reset();
  head_.has_body = false;
  field_bytes_ = 0;
  hosts_ = 0;
  host_value_.clear();
  absolute_form_ = false;
  transfer_encoding_seen_ = false;
  content_length_seen_ = false;
  wishes_close_ = false;
  wishes_keep_alive_ = false;
  connection_options_.clear();
  keep_alive_ = false;
  chunked_ = false;
  expects_continue_ = false;
}

void Http1Parser::refuse(int status, std::string_view detail, std::string_view limit) {
  if (state_ == State::kRefused) return;  // The first reason stands.
  state_ = State::kRefused;
  refusal_ = {status, detail, limit};
}

std::size_t Http1Parser::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::kReading && taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    const auto line_end = rest.find('\n');
    const std::string_view part =
        rest.substr(0, line_end == std::string_view::npos ? line_end : line_end + 1);
    taken += part.size();
    take_line_part(part);
  }
  return taken;
}

void Http1Parser::take_line_part(std::string_view part) {
  if (!begun_) {
    begun_ = true;
    // Something else altogether, such as TLS on a plain port: no line end may ever come.
    if (part[0] != '\r' && part[0] != '\n' && !is_token(part.substr(0, 1))) {
      return refuse(400, "that is not an HTTP request");
    }
  }
  const bool whole = part.back() == '\n';
  const std::size_t line_bytes = buffer_.size() - line_start_ + part.size() - (whole ? 1 : 0);
  // One more for the line's CR.
  if (fields_start_ == 0 && line_bytes > limits_.request_line_max.count() + 1) {
    return refuse(414, "the request line is too long", "request_line_max");
  }
  // The overhead that each field counts is more than what "name: value CRLF" adds to its name and
  // value, so nobody whose fields are under the limit comes here but by padding.
  if (fields_start_ != 0 &&
      line_start_ - fields_start_ + line_bytes > limits_.header_bytes_max.count() + 1) {
    return refuse(431, "the header fields are too long", "header_bytes_max");
  }
  buffer_ += part;
  if (!whole) return;
  const std::size_t start = std::exchange(line_start_, buffer_.size());
  end_line(std::string_view(buffer_).substr(start));
}

void Http1Parser::end_line(std::string_view line) {
  if (!line.ends_with("\r\n")) return refuse(400, "a line must end with CR and LF");
  if (fields_start_ == 0) return end_request_line(line);
  if (line.size() == 2) return end_head();
  if (line[0] == ' ' || line[0] == '\t') return refuse(400, "a field must not be folded");
  if (++field_lines_ > limits_.header_fields_max) {
    refuse(431, "there are too many header fields", "header_fields_max");
  }
}

void Http1Parser::end_request_line(std::string_view line) {
  if (line.size() == 2) {
    // RFC 9112 §2.2: some clients end a body with a CRLF too many. One is forgiven.
    if (std::exchange(empty_line_skipped_, true)) refuse(400, "there is no request line");
    buffer_.clear();
    line_start_ = 0;
    return;
  }
  fields_start_ = line_start_;
  if (grammar_->request_line(line) || state_ == State::kRefused) return;
  if (is_of_another_version(line.substr(0, line.size() - 2))) {
    return refuse(505, "this server speaks HTTP/1.0, HTTP/1.1 and HTTP/2");
  }
  refuse(400, "the request line is malformed");
}

void Http1Parser::end_head() {
  if (!grammar_->fields(std::string_view(buffer_).substr(fields_start_))) {
    return refuse(400, "a header field is malformed");
  }
  if (on_end()) state_ = State::kComplete;
}

bool Http1Parser::on_request_line(std::string_view method, std::string_view target, int version) {
  head_.version = version == 10 ? Version::kHttp10 : Version::kHttp11;
  head_.method = method;
  if (method == "CONNECT") {
    refuse(501, "CONNECT is not offered here");
    return false;
  }
  return on_target(target);
}

bool Http1Parser::on_target(std::string_view target) {
  if (is_origin_form(target) || (target == "*" && head_.method == "OPTIONS")) {
    head_.target = target;
    return true;
  }
  auto url = parse_url(target);
  if (!url) {
    refuse(400, "the request target is malformed");
    return false;
  }
  absolute_form_ = true;
  head_.authority = url->authority();
  // RFC 9112 §3.2.4: OPTIONS for a URL without a path asks about the server as a whole.
  const bool has_path = target.find_first_of("/?", target.find("://") + 3) != target.npos;
  head_.target = head_.method == "OPTIONS" && !has_path ? "*" : std::move(url->target);
  return true;
}

bool Http1Parser::on_field(int known_field, std::string_view name, std::string_view value) {
  field_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (field_bytes_ > limits_.header_bytes_max.count()) {
    refuse(431, "the header fields are too long", "header_bytes_max");
    return false;
  }
  switch (static_cast<Known>(known_field)) {
    case Known::host:
      ++hosts_;
      host_value_ = value;
      return true;
    case Known::content_length:
      return on_content_length(value);
    case Known::transfer_encoding:
      if (std::exchange(transfer_encoding_seen_, true) ||
          !base::equals_ignoring_case(value, "chunked")) {
        refuse(400, "Transfer-Encoding may only be \"chunked\"");
        return false;
      }
      return true;
    case Known::connection:
      return on_connection(value);
    case Known::expect:
      // HTTP/1.0 has no expectations (RFC 9110 §10.1.1).
      if (head_.version == Version::kHttp10) return true;
      if (!base::equals_ignoring_case(value, "100-continue")) {
        refuse(417, "the only expectation met here is 100-continue");
        return false;
      }
      expects_continue_ = true;
      return true;
    // Of this connection alone (RFC 9110 §7.6.1).
    case Known::keep_alive:
    case Known::proxy_connection:
    case Known::te:
    case Known::upgrade:
      return true;
    default:
      head_.fields.add(name, value);
      return true;
  }
}

bool Http1Parser::on_connection(std::string_view value) {
  while (true) {
    const auto comma = value.find(',');
    const std::string_view option = base::trim(value.substr(0, comma));
    if (base::equals_ignoring_case(option, "close")) {
      wishes_close_ = true;
    } else if (base::equals_ignoring_case(option, "keep-alive")) {
      wishes_keep_alive_ = true;
    } else if (is_token(option) && connection_options_.size() < kConnectionOptionsMax) {
      connection_options_.emplace_back(option);
    } else if (!option.empty()) {
      refuse(400, "Connection is malformed");
      return false;
    }
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

bool Http1Parser::on_content_length(std::string_view value) {
  if (std::exchange(content_length_seen_, true)) {
    refuse(400, "Content-Length is given twice");
    return false;
  }
  std::int64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || end != value.data() + value.size() || value[0] == '-') {
    refuse(400, "Content-Length is not a number");
    return false;
  }
  head_.body_length = static_cast<std::uint64_t>(length);
  return true;
}

bool Http1Parser::on_end() {
  const auto fail = [&](int status, std::string_view detail, std::string_view limit = {}) {
    refuse(status, detail, limit);
    return false;
  };
  const bool old = head_.version == Version::kHttp10;

  if (hosts_ > 1 || (hosts_ == 0 && !old)) return fail(400, "there must be exactly one Host");
  if (hosts_ == 1 && !(old && host_value_.empty()) && !is_authority(host_value_)) {
    return fail(400, "Host is malformed");
  }
  // RFC 9112 §3.2.2: an absolute-form target overrules Host.
  if (!absolute_form_) head_.authority = base::to_lower(host_value_);

  if (transfer_encoding_seen_) {
    if (old) return fail(400, "HTTP/1.0 has no Transfer-Encoding");
    if (content_length_seen_) return fail(400, "both Transfer-Encoding and Content-Length");
    chunked_ = true;
  }
  if (head_.body_length.value_or(0) > limits_.request_body_max.count()) {
    return fail(413, "the body is too long", "request_body_max");
  }
  head_.has_body = chunked_ || head_.body_length.value_or(0) > 0;
  if (!head_.has_body) expects_continue_ = false;

  keep_alive_ = !wishes_close_ && (!old || wishes_keep_alive_);
  for (const std::string& option : connection_options_) head_.fields.remove(option);
  return true;
}

}  // namespace http
