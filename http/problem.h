// Problem documents: the body of an error answer, for machines and people. RFC 9457.
//
//   {"type":"about:blank","title":"Not Found","status":404,"detail":"no such video"}
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace http {

inline constexpr std::string_view kProblemMediaType = "application/problem+json";

struct Problem {
  int status = 500;
  std::string_view detail = {};           // One sentence for this occurrence; empty: left out.
  std::string_view type = "about:blank";  // A URI; about:blank: the status says it all.
  std::string_view title = {};            // Empty: the status's reason phrase.
};

// The JSON text. Any bytes may stand in the strings: what JSON can't hold is escaped, what is not
// UTF-8 becomes U+FFFD.
std::string to_json(const Problem& problem);

// Status, Content-Type and Cache-Control: no-store, for Exchange::respond().
ResponseHead head_of(const Problem& problem);

// Appends `text` as a JSON string's inside, without the quotes.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace http
