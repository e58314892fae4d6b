#include "cache/fill_context.h"

namespace cache {
namespace {

base::Counter& fills(base::Metrics& metrics, const char* result) {
  return metrics.counter("headrace_cache_fills_total",
                         "Origin requests made to fill the cache, by how they ended. Many failed "
                         "ones mean an origin in trouble; many passed ones, content that can't be "
                         "stored on a site that should be cached.",
                         {{"result", result}});
}

}  // namespace

FillCounters::FillCounters(base::Metrics& metrics)
    : stored(fills(metrics, "stored")),
      partial(fills(metrics, "partial")),
      revalidated(fills(metrics, "revalidated")),
      passed(fills(metrics, "passed")),
      failed(fills(metrics, "failed")),
      collapsed(metrics.counter("headrace_cache_collapsed_total",
                                "Requests that waited for a fill begun by another. A low share on "
                                "a busy live stream means that collapsing does not work.")) {}

}  // namespace cache
