// The admin listener: what an operator, Prometheus or a supervisor asks of a node. docs/edge.md
// "Admin".
//
//   GET  /metrics                        Prometheus text
//   GET  /healthz                        200 while the process turns; the disk's state in the body
//   GET  /readyz                         200 while it takes clients, 503 when draining
//   GET  /config                         the configuration in force, as TOML
//   GET  /cache/stats                    both tiers, as JSON
//   GET  /cache/entry?url=URL            what is stored for that URL, as JSON
//   POST /purge?url=URL                  by URL, all variants        [&soft=1]
//   POST /purge?site=NAME&prefix=/path   by prefix                   [&soft=1]
//   POST /purge?site=NAME&tag=WORD       by surrogate key            [&soft=1]
//   POST /purge?site=NAME&everything=1   all of a site               [&soft=1]
//   POST /drain                          stop taking clients, finish what is under way, exit
//
// A purge is answered when it is durable and in force on every loop. Requests that a browser's page
// could send across sites (with an Origin field) are refused.
//
// Threads    All on the admin loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/result.h"
#include "cache/store.h"
#include "edge/worker.h"
#include "http/event_loop.h"
#include "http/exchange.h"

namespace edge {

struct AdminContext {
  http::EventLoop& loop;
  cache::Store& store;
  base::Metrics& metrics;
  const base::Clock& clock;
  std::function<std::shared_ptr<const Revision>()> revision;
  std::function<bool()> is_draining;
  std::function<void()> drain;
};

std::unique_ptr<http::Responder> make_admin_responder(AdminContext& context,
                                                      http::Exchange& exchange);

// The parameters of a query string, percent-decoded ('+' is a space). kInvalid: a broken encoding.
base::Result<std::map<std::string, std::string>> parse_query(std::string_view query);

}  // namespace edge
