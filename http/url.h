// URLs of http and https, taken apart strictly, and the authority that Host carries. RFC 3986,
// RFC 9110 §4.2.
//
// Strict where two readers could differ about who is asked: no user information, no fragment, no
// percent-encoding or odd characters in a host, no empty port, no white space or control anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace http {

inline constexpr std::size_t kHostLengthMax = 255;

struct Url {
  std::string scheme;  // "http" or "https".
  std::string host;    // Lower case; brackets of an IPv6 literal kept.
  std::uint16_t port = 0;
  bool port_given = false;  // False: `port` is the scheme's.
  std::string target;       // Path and query: begins with "/".

  // "host", or "host:port" when the URL named one.
  [[nodiscard]] std::string authority() const;

  bool operator==(const Url&) const = default;
};

// kInvalid with what is wrong.
base::Result<Url> parse_url(std::string_view text);

// uri-host [":" port]: a DNS name, an IPv4 address or a bracketed IPv6 address, and a port from 1
// to 65535.
bool is_authority(std::string_view text);

// Path and query as they may stand in a request line: begins with "/", visible ASCII only, no "#".
// Percent-encoding is not looked at.
bool is_origin_form(std::string_view text);

}  // namespace http
