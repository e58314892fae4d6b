// Invalidation: which stored responses an unsafe request has changed, by what its response says.
// RFC 9111 §4.4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "http/message.h"

namespace edge {

// The target that a Location or Content-Location names, if it is of the request's own scheme and
// host; relative references are resolved. Others' URLs are none of this client's to change.
std::optional<std::string> same_origin_target(std::string_view location,
                                              const http::RequestHead& request);

// The request's own target, and those that the response's Location and Content-Location name.
std::vector<std::string> invalidated_targets(const http::RequestHead& request,
                                             const base::Fields& response);

}  // namespace edge
