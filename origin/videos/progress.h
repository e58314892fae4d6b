// How a video comes along, as server-sent events: what GET /api/v1/videos/{id} says, each time that
// it says something new, until it is ready or failed. WHATWG HTML, "Server-sent events".
//
//   event: video
//   data: {"id":"…","state":"processing","percent":40,…}
//
// A comment goes out when nothing happens for a while, so that a viewer who is gone is noticed.
#pragma once

#include "base/executor.h"
#include "origin/api/router.h"
#include "origin/videos/catalogue.h"

namespace origin {

// At most so many at a time, over it 503; and of one owner, over it 429.
inline constexpr int kProgressStreamsMax = 1'000;
inline constexpr int kProgressStreamsOfOneMax = 100;

// `threads` may block on the catalogue. Both outlive the exchanges.
void add_progress_route(Router& router, Catalogue& catalogue, base::Executor& threads);

}  // namespace origin
