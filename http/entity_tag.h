// Entity tags in conditions. RFC 9110 §8.8.3 (tags, comparison), §13.1 (lists of them).
#pragma once

#include <string_view>

namespace http {

enum class Comparison { kStrong, kWeak };

// Whether two entity tags, quotes and "W/" included, name the same.
bool same_etag(std::string_view a, std::string_view b, Comparison comparison);

// True when `list`, of an If-Match or If-None-Match, is "*" or has `etag`. Without an `etag` only
// "*" is true. What follows a malformed entity tag is not read.
bool lists_etag(std::string_view list, std::string_view etag, Comparison comparison);

}  // namespace http
