// HttpOrigin: the cache's Origin over HTTP, on one fill thread. Picks an origin of the target's
// site, asks, and on a failure before the response's head asks the next one (a fill is a GET).
//
// Threads    All on the loop of its http::Client. Statuses 502, 503 and 504 are answers, not
//            failures: the origin speaks for itself.
#pragma once

#include <memory>

#include "cache/origin.h"
#include "http/client.h"

namespace edge {

class HttpOrigin final : public cache::Origin {
 public:
  HttpOrigin(http::EventLoop& loop, http::Client& client) : loop_(loop), client_(client) {}
  std::unique_ptr<cache::OriginFetch> fetch(cache::OriginRequest request,
                                            cache::OriginEvents& events) override;

 private:
  http::EventLoop& loop_;
  http::Client& client_;
};

// True for outcomes that say something about the origin's health (no connection, no answer in time
// or none that is HTTP), not about one response. `blames_silence`: the request had no body, for
// which an origin may hang up in its own right, and no head has come.
bool is_origin_failure(const base::Error& error, bool blames_silence);
// True for failures that another origin may not have.
bool may_ask_another(const base::Error& error);

}  // namespace edge
