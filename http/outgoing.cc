#include "http/outgoing.h"

#include "http/message.h"

namespace http {

using base::ErrorCode;

base::Result<Url> check_outgoing(std::string_view method, std::string_view url,
                                 const base::Fields& fields) {
  auto parsed = parse_url(url);
  if (!parsed) return parsed;
  const auto refused = [&parsed](std::string_view what) {
    return base::fail(ErrorCode::kInvalid, parsed->scheme + "://" + parsed->authority() + ": " +
                                               std::string(what) + " that can't be sent");
  };
  if (!is_token(method) || method == "CONNECT") return refused("a method");
  if (url.size() > kOutgoingUrlBytesMax) return refused("a URL");
  for (const base::Field field : fields) {
    if (!is_token(field.name) || !is_field_value(field.value)) return refused("a request field");
  }
  return parsed;
}

}  // namespace http
