#include "origin/api/router.h"

#include <utility>

#include "base/check.h"
#include "package/text.h"

namespace origin {
namespace {

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);  // The slash.
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// What stood for the names, if the path fits.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> names;
  while (!pattern.empty()) {
    if (!path.starts_with('/')) return std::nullopt;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return std::nullopt;
      continue;
    }
    auto name = percent_decode(given);
    if (!name || name->empty() || name->find('/') != std::string::npos) return std::nullopt;
    names.push_back(std::move(*name));
  }
  return path.empty() ? std::optional(std::move(names)) : std::nullopt;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void Router::add(Route route) {
  CHECK((route.handle != nullptr) + (route.take != nullptr) + (route.stream != nullptr) == 1);
  routes_.push_back(std::move(route));
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  if (method == "HEAD") method = "GET";
  Found found;
  for (const Route& route : routes_) {
    auto names = match(route.pattern, path);
    if (!names) continue;
    if (route.method == method) {
      found.route = &route;
      found.names = std::move(*names);
    }
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method;
    if (route.method == "GET") found.allow += ", HEAD";
  }
  return found;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit_of(text[i + 1]);
      const int low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    decoded += c;
  }
  if (package::find_invalid_utf8(decoded) != std::string_view::npos) return std::nullopt;
  return decoded;
}

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals));
    auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (name && value && !name->empty()) pairs[std::move(*name)] = std::move(*value);
  }
  return pairs;
}

}  // namespace origin
