// The head of an HTTP/1 response as bytes. RFC 9112 §4, §6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/http1_parser.h"
#include "http/message.h"

namespace http {

// How the client finds the end of the body.
enum class Framing {
  kNone,     // No body and no length: 204, or a HEAD or 304 whose length is not known.
  kLength,   // Content-Length.
  kChunked,  // Transfer-Encoding: chunked.
  kClose,    // The connection's end.
};

// What the Connection field says; the default of the client's version needs no word.
enum class Persistence { kDefault, kClose, kKeepAlive };

// Appends status line, fields and the empty line. `length` goes with kLength.
void append_response_head(std::string& out, const ResponseHead& head, Framing framing,
                          std::uint64_t length, Persistence persistence);

// Appends a whole answer to what is not served: a problem document and Connection: close. Without
// the document when the request was a HEAD.
enum class WithBody { kYes, kNo };
void append_refusal(std::string& out, const Refusal& refusal, WithBody with_body);

}  // namespace http
