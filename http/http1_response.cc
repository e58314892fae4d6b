#include "http/http1_response.h"

#include <charconv>

#include "http/date.h"
#include "http/problem.h"

namespace http {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

// Whether one of them was a Date.
bool append_fields(std::string& out, const base::Fields& fields) {
  bool dated = false;
  for (const base::Field field : fields) {
    append_field(out, field.name, field.value);
    dated = dated || field.name == "date";
  }
  return dated;
}

}  // namespace

void append_response_head(std::string& out, const ResponseHead& head, Framing framing,
                          std::uint64_t length, Persistence persistence) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(head.status));
  out += ' ';
  out += reason_of(head.status);
  out += "\r\n";
  bool dated = head.shared && append_fields(out, head.shared->fields);
  dated = append_fields(out, head.own) || dated;
  if (!dated) append_field(out, "date", current_date());
  if (framing == Framing::kLength) {
    out += "content-length: ";
    append_number(out, length);
    out += "\r\n";
  } else if (framing == Framing::kChunked) {
    append_field(out, "transfer-encoding", "chunked");
  }
  if (persistence == Persistence::kClose) append_field(out, "connection", "close");
  if (persistence == Persistence::kKeepAlive) append_field(out, "connection", "keep-alive");
  out += "\r\n";
}

void append_refusal(std::string& out, const Refusal& refusal, WithBody with_body) {
  const Problem problem{.status = refusal.status, .detail = refusal.detail};
  const std::string body = to_json(problem);
  append_response_head(out, head_of(problem), Framing::kLength, body.size(), Persistence::kClose);
  if (with_body == WithBody::kYes) out += body;
}

}  // namespace http
