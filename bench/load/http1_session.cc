#include "bench/load/http1_session.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/check.h"

namespace load {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text, int radix) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string range_value(const Plan& plan) {
  return "bytes=" + std::to_string(*plan.range_first) + "-" +
         (plan.range_last ? std::to_string(*plan.range_last) : "");
}

Http1Session::Http1Session(const RequestCommon& common, SessionEvents& events)
    : common_(common), events_(events) {}

void Http1Session::submit(Exchange& exchange) {
  CHECK(accepts());
  exchange_ = &exchange;
  state_ = State::kHead;
  response_begun_ = false;
  output_.append(common_.method).append(" ").append(exchange.plan().object->target);
  output_.append(" HTTP/1.1\r\nHost: ").append(common_.authority).append("\r\n");
  for (const auto& field : common_.fields) {
    output_.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (exchange.plan().range_first) {
    output_.append("Range: ").append(range_value(exchange.plan())).append("\r\n");
  }
  output_.append("\r\n");
}

void Http1Session::abandon(Exchange& exchange) {
  CHECK(exchange_ == &exchange);
  exchange_ = nullptr;
  spent_ = true;
}

void Http1Session::end(End end) {
  Exchange* const ended = std::exchange(exchange_, nullptr);
  if (end != End::kComplete || !keep_alive_) spent_ = true;
  first_exchange_ = false;
  if (ended != nullptr) events_.on_end(*ended, end);
}

bool Http1Session::receive(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (exchange_ == nullptr) return false;  // Bytes nobody asked for.
    bool good = false;
    switch (state_) {
      case State::kHead:
        good = take_head(bytes);
        break;
      case State::kBody:
      case State::kUntilEnd:
      case State::kChunk:
        good = take_body(bytes);
        break;
      case State::kChunkSize:
      case State::kChunkEnd:
      case State::kTrailer:
        good = take_line(bytes);
        break;
    }
    if (!good) {
      end(End::kProtocol);
      return false;
    }
    if (spent_) return false;
  }
  return true;
}

bool Http1Session::take_head(std::span<const std::byte>& bytes) {
  response_begun_ = true;
  const std::string_view text = text_of(bytes);
  if (partial_.empty()) {
    if (const auto at = text.find("\r\n\r\n"); at != std::string_view::npos) {
      bytes = bytes.subspan(at + 4);
      return parse_head(text.substr(0, at + 2));
    }
  }
  // The end may lie across the border: look from three bytes before it.
  const std::size_t before = partial_.size();
  partial_.append(text);
  const auto at = partial_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (at == std::string::npos) {
    bytes = {};
    return partial_.size() <= kHeadBytesMax;
  }
  bytes = bytes.subspan(at + 4 - before);
  const std::string head = std::exchange(partial_, {});
  return parse_head(std::string_view(head).substr(0, at + 2));
}

bool Http1Session::parse_head(std::string_view text) {
  // "HTTP/1.1 200 OK"
  const auto line_end = text.find("\r\n");
  const std::string_view line = text.substr(0, line_end);
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return false;
  ResponseHead head;
  const auto status = parse_integer<int>(line.substr(9, 3), 10);
  if (!status || *status < 100 || *status > 599) return false;
  head.status = *status;
  keep_alive_ = line[7] == '1';
  chunked_ = false;
  text.remove_prefix(line_end + 2);
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    if (!parse_field(text.substr(0, end), head)) return false;
    text.remove_prefix(end + 2);
  }
  if (head.status < 200) return head.status != 101;  // Interim: the real one follows.
  events_.on_head(*exchange_, head);

  if (chunked_) {
    state_ = State::kChunkSize;
  } else if (common_.method == "HEAD" || head.status == 204 || head.status == 304) {
    end(End::kComplete);
  } else if (head.content_length) {
    state_ = State::kBody;
    remaining_ = *head.content_length;
    if (remaining_ == 0) end(End::kComplete);
  } else {
    state_ = State::kUntilEnd;
    keep_alive_ = false;
  }
  return true;
}

bool Http1Session::parse_field(std::string_view line, ResponseHead& head) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-length")) {
    const auto length = parse_integer<std::uint64_t>(value, 10);
    if (!length || (head.content_length && *head.content_length != *length)) return false;
    head.content_length = length;
  } else if (equals_ignoring_case(name, "content-range")) {
    if (auto range = http::parse_content_range(value)) head.content_range = *range;
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (!equals_ignoring_case(value, "chunked")) return false;
    chunked_ = true;
  } else if (equals_ignoring_case(name, "connection")) {
    if (equals_ignoring_case(value, "close")) keep_alive_ = false;
  }
  return true;
}

bool Http1Session::take_body(std::span<const std::byte>& bytes) {
  const std::size_t count =
      state_ == State::kUntilEnd
          ? bytes.size()
          : static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
  const auto part = bytes.first(count);
  bytes = bytes.subspan(count);
  if (!events_.on_body(*exchange_, part)) {
    end(End::kStopped);
    return true;
  }
  if (state_ == State::kUntilEnd) return true;
  remaining_ -= count;
  if (remaining_ > 0) return true;
  if (state_ == State::kChunk) {
    state_ = State::kChunkEnd;
  } else {
    end(End::kComplete);
  }
  return true;
}

bool Http1Session::take_line(std::span<const std::byte>& bytes) {
  const std::string_view text = text_of(bytes);
  const auto at = text.find('\n');
  partial_.append(text.substr(0, at));
  if (partial_.size() > kHeadBytesMax) return false;
  if (at == std::string_view::npos) {
    bytes = {};
    return true;
  }
  bytes = bytes.subspan(at + 1);
  const std::string line = std::exchange(partial_, {});
  if (!line.ends_with('\r')) return false;
  return on_line(std::string_view(line).substr(0, line.size() - 1));
}

bool Http1Session::on_line(std::string_view line) {
  switch (state_) {
    case State::kChunkSize: {
      const auto size = parse_integer<std::uint64_t>(trimmed(line.substr(0, line.find(';'))), 16);
      if (!size) return false;
      remaining_ = *size;
      state_ = *size == 0 ? State::kTrailer : State::kChunk;
      return true;
    }
    case State::kChunkEnd:
      state_ = State::kChunkSize;
      return line.empty();
    case State::kTrailer:
      if (line.empty()) end(End::kComplete);
      return true;
    default:
      CHECK(false);
  }
}

void Http1Session::produce(std::string& output) {
  output.append(output_);
  output_.clear();
}

void Http1Session::close() {
  spent_ = true;
  if (exchange_ == nullptr) return;
  if (state_ == State::kUntilEnd) {
    end(End::kComplete);
  } else if (!response_begun_ && !first_exchange_) {
    end(End::kRefused);  // An idle connection ran out just as the request was sent.
  } else {
    end(End::kClosed);
  }
}

std::unique_ptr<Session> new_http1_session(const RequestCommon& common, SessionEvents& events) {
  return std::make_unique<Http1Session>(common, events);
}

}  // namespace load
