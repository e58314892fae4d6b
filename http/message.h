// The heads of HTTP messages as the daemons see them, whatever version carried them. RFC 9110.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/fields.h"
#include "base/ref.h"

namespace http {

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

std::string_view name_of(Version version);  // "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", as logs say it.

// A request's head, already strict: exactly one valid authority, a target that begins with "/" (or
// is "*" for OPTIONS; absolute-form is taken apart), no connection-specific fields, no "host", no
// "content-length" (see body_length), no "expect" (the session answers it).
struct RequestHead {
  Version version = Version::kHttp11;
  std::string method;  // As sent, case-sensitive: "GET".
  std::string scheme;  // "http" or "https": what the connection is, never what the client claims.
  std::string authority;  // Lower case, port kept: "video.example:8443". Empty only on HTTP/1.0.
  std::string target;     // Path and query, still percent-encoded: "/v/1.mp4?t=3".
  base::Fields fields;
  // As Content-Length said it, 0 included. None: there was none; has_body tells whether a body of
  // unknown length follows.
  std::optional<std::uint64_t> body_length;
  bool has_body = false;  // At least one byte may come.

  // The host without its port, brackets of an IPv6 literal kept.
  [[nodiscard]] std::string_view host() const;
};

using base::SharedFields;

// A response's head: `shared` fields first, then `own`. The session adds Date when neither has it,
// and the framing (Content-Length from the length given to respond(), Transfer-Encoding,
// Connection); these must not be in the lists.
struct ResponseHead {
  int status = 200;
  base::Ref<const SharedFields> shared;
  base::Fields own;
};

std::string_view reason_of(int status);  // "Not Found"; "" when unknown.

// RFC 9110 §5.6.2 token; §5.5 field value (no CR, LF, NUL, other control but tab).
bool is_token(std::string_view text);
// RFC 9110 §9.2.1: the methods that ask for nothing to be changed.
bool is_safe(std::string_view method);
bool is_field_value(std::string_view text);

}  // namespace http
