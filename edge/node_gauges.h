// NodeGauges: the metrics that are asked for when /metrics is scraped: what the store, the
// connections, the loops and the process hold now. Unregisters when destroyed.
//
// Threads    Read on the scraping (control) thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/metrics.h"
#include "cache/store.h"
#include "edge/access_log.h"
#include "edge/worker.h"
#include "http/event_loop.h"
#include "http/server.h"

namespace edge {

class NodeGauges {
 public:
  NodeGauges(base::Metrics& metrics, const cache::Store& store, const http::Server& server,
             const AccessLog& access_log, const base::ByteBudget& buffers,
             const std::vector<http::EventLoop*>& loops,
             std::function<std::shared_ptr<const Revision>()> revision);
  NodeGauges(const NodeGauges&) = delete;
  NodeGauges& operator=(const NodeGauges&) = delete;
  ~NodeGauges();

 private:
  void add(const std::string& name, const std::string& help, std::function<double()> read,
           const base::Labels& labels = {});

  base::Metrics& metrics_;
  std::vector<std::pair<std::string, base::Labels>> names_;
};

}  // namespace edge
