// OriginGauges: what /metrics says of each site's origins: up or down, requests, failures.
//
// Ownership  The registry outlives it; a reload's revision replaces the one before.
// Threads    watch() on one thread; the gauges are read wherever /metrics is.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "edge/worker.h"

namespace edge {

class OriginGauges {
 public:
  explicit OriginGauges(base::Metrics& metrics) : metrics_(metrics) {}
  OriginGauges(const OriginGauges&) = delete;
  OriginGauges& operator=(const OriginGauges&) = delete;
  ~OriginGauges() { forget(); }

  void watch(const Revision& revision);

 private:
  void forget();

  base::Metrics& metrics_;
  std::vector<std::pair<std::string, base::Labels>> names_;
};

}  // namespace edge
