#include "http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/fields.h"

namespace http {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> zero_ended{};
  if (text.size() >= zero_ended.size() || text.contains('\0')) return false;
  std::ranges::copy(text, zero_ended.begin());
  in6_addr address{};
  return inet_pton(AF_INET6, zero_ended.data(), &address) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.front() == '0') return std::nullopt;  // Zero, and a second spelling of another port.
  return port;
}

struct Authority {
  std::string_view host;
  std::optional<std::uint16_t> port;
};

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::size_t host_size = 0;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ipv6(text.substr(1, bracket - 1))) {
      return std::nullopt;
    }
    host_size = bracket + 1;
  } else {
    while (host_size < text.size() && is_name_char(text[host_size])) ++host_size;
  }
  if (host_size == 0 || host_size > kHostLengthMax) return std::nullopt;
  authority.host = text.substr(0, host_size);
  text.remove_prefix(host_size);
  if (text.empty()) return authority;
  if (text.front() != ':') return std::nullopt;
  authority.port = parse_port(text.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

std::unexpected<base::Error> invalid(std::string what) {
  return base::fail(base::ErrorCode::kInvalid, std::move(what));
}

}  // namespace

std::string Url::authority() const { return port_given ? host + ':' + std::to_string(port) : host; }

bool is_authority(std::string_view text) { return parse_authority(text).has_value(); }

bool is_origin_form(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

base::Result<Url> parse_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return invalid("not a URL: no \"://\"");
  Url url;
  url.scheme = base::to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") {
    return invalid("not a URL of http or https");
  }
  text.remove_prefix(colon + 3);
  const auto path = std::min(text.find_first_of("/?#"), text.size());
  const auto authority = parse_authority(text.substr(0, path));
  if (!authority) return invalid("not a valid host and port in the URL");
  url.host = base::to_lower(authority->host);
  url.port_given = authority->port.has_value();
  url.port = authority->port.value_or(url.scheme == "https" ? 443 : 80);
  text.remove_prefix(path);
  if (!text.starts_with('/')) url.target = "/";
  url.target += text;
  if (!is_origin_form(url.target)) return invalid("not a valid path in the URL");
  return url;
}

}  // namespace http
