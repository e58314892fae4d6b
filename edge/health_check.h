// HealthChecks: asks each origin of the sites that configure it for a path at intervals, and tells
// its pool. Passive health (origin_pool.h) works without.
//
// Threads    All on one loop, not a client's.
#pragma once

#include <memory>
#include <vector>

#include "edge/worker.h"
#include "http/client.h"
#include "http/event_loop.h"

namespace edge {

class HealthChecks {
 public:
  HealthChecks(http::EventLoop& loop, http::Client& client);
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;
  ~HealthChecks();

  void watch(const std::shared_ptr<const Revision>& revision);  // In place of the one before.

 private:
  class Check;
  http::EventLoop& loop_;
  http::Client& client_;
  std::vector<std::unique_ptr<Check>> checks_;
};

}  // namespace edge
