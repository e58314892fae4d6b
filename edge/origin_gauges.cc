#include "edge/origin_gauges.h"

#include <cstddef>

#include "edge/site.h"

namespace edge {

void OriginGauges::watch(const Revision& revision) {
  forget();
  for (const std::shared_ptr<const Site>& site : revision.sites.all()) {
    const std::vector<OriginState> origins = site->origins.states();
    for (std::size_t i = 0; i < origins.size(); ++i) {
      const auto add = [&](const char* name, const char* help, auto read) {
        const base::Labels labels{{"site", site->name}, {"origin", origins[i].url}};
        metrics_.gauge(name, help, labels, [site, i, read] {
          return static_cast<double>(read(site->origins.states()[i]));
        });
        names_.emplace_back(name, labels);
      };
      add("headrace_edge_origin_up", "1; 0 while an origin is marked down.",
          [](const OriginState& state) { return state.up ? 1 : 0; });
      add("headrace_edge_origin_requests", "Requests sent to an origin since the start.",
          [](const OriginState& state) { return state.requests; });
      add("headrace_edge_origin_failures",
          "Of them, and of the health checks, those that got no connection or no answer in time, "
          "or "
          "were hung up on. Rising: "
          "the origin or the way to it is bad.",
          [](const OriginState& state) { return state.failures; });
    }
  }
}

void OriginGauges::forget() {
  for (const auto& [name, labels] : names_) metrics_.remove_gauge(name, labels);
  names_.clear();
}

}  // namespace edge
