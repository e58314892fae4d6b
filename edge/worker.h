// Worker: what every request on one event loop shares. One per loop, used on that loop's thread
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "base/config_restart.h"
#include "cache/store.h"
#include "edge/access_log.h"
#include "edge/config.h"
#include "edge/edge_metrics.h"
#include "edge/site.h"
#include "edge/token_memo.h"
#include "http/client.h"
#include "http/event_loop.h"

namespace edge {

class ObjectBody;

// One revision of the config, as requests see it. Immutable; replaced whole by a reload.
struct Revision {
  Revision(const EdgeConfig& revision_config, std::uint64_t revision_number,
           const base::Clock& clock, std::vector<base::PendingOption> waiting = {})
      : number(revision_number),
        config(revision_config),
        sites(revision_config.sites, clock),
        pending(std::move(waiting)) {}
  const std::uint64_t number;
  const EdgeConfig config;
  const SiteTable sites;
  const std::vector<base::PendingOption> pending;  // In the file, but only a restart applies them.
};

struct Worker {
  http::EventLoop& loop;
  http::Client& client;  // Pass-through, on this loop.
  cache::Store& store;
  const base::Clock& clock;
  EdgeMetrics& metrics;
  base::ByteBudget& buffers;
  AccessLog::Buffer* access_log;  // Null: no log.
  std::shared_ptr<const Revision> revision;
  std::uint64_t id_base = 0;  // Random; request ids count up from it.
  std::uint64_t requests = 0;

  std::string key_text;                 // Scratch of the hot path.
  TokenMemo tokens = TokenMemo(4'096);  // About a megabyte, when there are so many viewers.
  // Bodies under way, so that those of stalled clients let go of their chunks (object_body.h).
  std::list<ObjectBody*> bodies;

  // Purges what is stored or being fetched under the key; then calls `done`, from the loop. Those
  // that come while one of the same key is under way share the next: a flood of them costs two
  // syncs at a time, not two each.
  void invalidate(const std::string& key_text, const base::Fields& request,
                  std::function<void()> done);

  struct Invalidation {
    std::vector<std::function<void()>> now,
        next;  // Who waits for this purge, and for the one after.
    std::unique_ptr<cache::Store::Pending> looking;
  };
  void begin_invalidation(const std::string& key_text, const base::Fields& request);
  void end_invalidation(const std::string& key_text, const base::Fields& request);
  std::map<std::string, Invalidation, std::less<>> invalidations;
};

}  // namespace edge
