// What a request is held to before libcurl has it. libcurl writes the method and the fields as they
// are, line breaks included: whoever chose the end of a field would choose the next request, too.
#pragma once

#include <string_view>

#include "base/fields.h"
#include "base/result.h"
#include "http/url.h"

namespace http {

// Beyond any target a server of ours takes (limits.h), and below what libcurl refuses.
inline constexpr std::size_t kOutgoingUrlBytesMax = 64 * 1024;

// The URL, taken apart. kInvalid: the method is no token or CONNECT, the URL is too long or none of http or
// https, or a field's name or value can't be sent.
base::Result<Url> check_outgoing(std::string_view method, std::string_view url,
                                 const base::Fields& fields);

}  // namespace http
