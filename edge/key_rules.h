// Key rules: from a request's target to the cache key's text. docs/edge.md "Keys".
//
// The text is "SITE\nPATH?QUERY". Hosts that belong to one site share its keys, unless the origin
// is told the host: then it is "SITE\nPATH?QUERY HOST", which purges by prefix still cover. Paths
// are taken as they are, so that nothing that the origin would tell apart is joined; targets that
// two parsers could read differently (encoded slash or NUL, dot segments) are refused instead.
#pragma once

#include <string>
#include <string_view>

#include "edge/config.h"

namespace edge {

// What makes a target ambiguous: "" when nothing does. An encoded "/", "\" or NUL, a "." or ".."
// segment (also encoded), a backslash, a broken percent-encoding in the path.
std::string_view ambiguity_of(std::string_view target);

// The target as the site's query rules leave it: parameters dropped, kept or sorted by name (stable
// among equal names). It is also what the origin is asked for, so that the key covers every
// forwarded input.
std::string normalised_target(std::string_view target, const QueryConfig& rules);

// Appends the key text to `out`, which is cleared first (a scratch string on the hot path).
// `host`: empty when the site's hosts share keys.
void write_key_text(std::string& out, std::string_view site, std::string_view target,
                    std::string_view host);

}  // namespace edge
