// The admin listener: what Prometheus or a supervisor asks of an origin.
//
//   GET /metrics   Prometheus text
//   GET /healthz   200 while the process turns
//   GET /readyz    200 while it takes clients, 503 when draining
//
// Threads    The admin loop.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "http/exchange.h"

namespace origin {

std::unique_ptr<http::Responder> make_admin_responder(http::Exchange& exchange,
                                                      const base::Metrics& metrics,
                                                      bool is_draining);

}  // namespace origin
