#include "edge/invalidation.h"

#include "http/url.h"

namespace edge {

std::optional<std::string> same_origin_target(std::string_view location,
                                              const http::RequestHead& request) {
  location = base::trim(location.substr(0, location.find('#')));
  if (location.empty()) return std::nullopt;
  std::string target;
  if (location.find("://") != std::string_view::npos || location.starts_with("//")) {
    const std::string text = location.starts_with("//")
                                 ? request.scheme + ':' + std::string(location)
                                 : std::string(location);
    const auto url = http::parse_url(text);
    if (!url || url->scheme != request.scheme || url->authority() != request.authority) {
      return std::nullopt;
    }
    target = url->target;
  } else if (location.starts_with('/')) {
    target = location;
  } else {
    const std::string_view path =
        std::string_view(request.target).substr(0, request.target.find('?'));
    target = path.substr(0, path.rfind('/') + 1);
    target += location;
  }
  return http::is_origin_form(target) ? std::optional(target) : std::nullopt;
}

std::vector<std::string> invalidated_targets(const http::RequestHead& request,
                                             const base::Fields& response) {
  std::vector<std::string> targets{request.target};
  for (const std::string_view name : {"location", "content-location"}) {
    if (const auto location = response.find(name)) {
      if (auto target = same_origin_target(*location, request)) {
        targets.push_back(std::move(*target));
      }
    }
  }
  return targets;
}

}  // namespace edge
