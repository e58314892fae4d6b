#include "edge/edge_metrics.h"

#include <algorithm>

namespace edge {

EdgeMetrics::EdgeMetrics(base::Metrics& metrics)
    : registry(metrics),
      origin_passes(metrics.counter("headrace_edge_passes_total",
                                    "Requests passed through to the origin. Many on a media site: "
                                    "something is not cacheable that should be.")),
      collapsed(metrics.counter("headrace_edge_collapsed_total",
                                "Requests that waited for another request's fill.")),
      stale_on_error(
          metrics.counter("headrace_edge_stale_on_error_total",
                          "Responses served stale because the origin failed. Rising: the "
                          "origin is down and stale-if-error will run out.")),
      bodies_cut(
          metrics.counter("headrace_edge_bodies_cut_total",
                          "Responses ended short, so that the client can tell. Any: an origin "
                          "cuts or changes bodies.")),
      overloaded(metrics.counter(
          "headrace_edge_overloaded_total",
          "Requests answered 503 because too many waited for an origin or for one fill. Any: the "
          "origin is slow, or origin_connections_max is too low for it.")),
      first_byte_seconds(metrics.histogram(
          "headrace_edge_first_byte_seconds",
          "From a request's head to its response's. A high tail: the disk or the origin is slow.",
          {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15})) {
  for (std::size_t i = 0; i < kResults.size(); ++i) {
    requests_[i] = &metrics.counter("headrace_edge_requests_total",
                                    "Requests by what the cache did with them.",
                                    {{"result", std::string(kResults[i])}});
  }
  for (const auto source : {cache::Source::kMemory, cache::Source::kDisk, cache::Source::kOrigin}) {
    bytes_[static_cast<std::size_t>(source)] =
        &metrics.counter("headrace_edge_body_bytes_total",
                         "Response body bytes by where they came from. A low share of ram and disk "
                         "means that the cache is too small or its content too varied.",
                         {{"source", std::string(cache::name_of(source))}});
  }
  for (std::size_t i = 0; i < access_refused_.size(); ++i) {
    const bool is_fault = i + 1 < access_refused_.size();
    access_refused_[i] = &metrics.counter(
        "headrace_edge_access_refused_total",
        "Requests answered 403 for their media token or the lack of one. Many unknown_key: the "
        "origin signs with a key that site.media_keys lacks; many forged: somebody tries.",
        {{"reason",
          is_fault ? std::string(name_of(static_cast<http::TokenFault>(i))) : "no_token"}});
  }
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    statuses_[i] =
        &metrics.counter("headrace_edge_responses_total", "Responses by class of status.",
                         {{"class", i == 0 ? "none" : std::to_string(i) + "xx"}});
  }
}

const SiteMetrics& EdgeMetrics::site(const std::string& name) {
  if (const auto known = sites_.find(name); known != sites_.end()) return known->second;
  const base::Labels labels{{"site", name}};
  return sites_
      .emplace(name,
               SiteMetrics{registry.counter("headrace_edge_site_requests_total",
                                            "Requests of a site.", labels),
                           registry.counter("headrace_edge_site_hits_total",
                                            "Of them, hits. A falling share: see what changed "
                                            "at that site's origin.",
                                            labels),
                           registry.counter("headrace_edge_site_body_bytes_total",
                                            "Response body bytes of a site.", labels)})
      .first->second;
}

void EdgeMetrics::count_access_refused(std::optional<http::TokenFault> fault) {
  access_refused_[fault ? static_cast<std::size_t>(*fault) : access_refused_.size() - 1]->add();
}

void EdgeMetrics::count_request(std::string_view result, int status) {
  const auto it = std::find(kResults.begin(), kResults.end(), result);
  requests_[it == kResults.end() ? 6 : static_cast<std::size_t>(it - kResults.begin())]->add();
  statuses_[status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100) : 0]->add();
}

}  // namespace edge
