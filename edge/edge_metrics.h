// EdgeMetrics: the edge's own counters, registered once. docs/metrics.md lists all with what a bad
// value means.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "cache/store.h"
#include "http/media_token.h"

namespace edge {

// Of one site. The name is the operator's.
struct SiteMetrics {
  base::Counter& requests;
  base::Counter& hits;
  base::Counter& body_bytes;
};

struct EdgeMetrics {
  explicit EdgeMetrics(base::Metrics& metrics);

  base::Metrics& registry;

  // requests_total by result: the words of cache_status.h, plus "error" and "refused".
  void count_request(std::string_view result, int status);
  const SiteMetrics& site(const std::string& name);  // Lives as long as this. One thread.
  // Response body bytes by where they came from: ram, disk, origin.
  void count_bytes(cache::Source source, std::uint64_t bytes) {
    bytes_[static_cast<std::size_t>(source)]->add(bytes);
  }
  // Answered 403: what was wrong with the token, or that there was none.
  void count_access_refused(std::optional<http::TokenFault> fault);
  base::Counter& origin_passes;   // Requests passed through.
  base::Counter& collapsed;       // Requests that waited for another's fill.
  base::Counter& stale_on_error;  // Served stale because the origin failed.
  base::Counter& bodies_cut;      // Responses that could not be completed.
  base::Counter& overloaded;      // Answered 503: too many wait.
  base::Histogram& first_byte_seconds;

 private:
  static constexpr std::array<std::string_view, 9> kResults{
      "hit", "stale", "revalidated", "miss", "partial", "pass", "none", "error", "refused"};
  std::array<base::Counter*, kResults.size()> requests_{};
  std::array<base::Counter*, 5> access_refused_{};  // By TokenFault; last: without a token.
  std::array<base::Counter*, 3> bytes_{};
  std::array<base::Counter*, 6> statuses_{};
  std::map<std::string, SiteMetrics> sites_;
};

}  // namespace edge
