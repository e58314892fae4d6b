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

FillCounters::FillCounters(base::Metrics& metrics, base::Bytes memory_capacity)
    : stored(fills(metrics, "stored")),
      partial(fills(metrics, "partial")),
      revalidated(fills(metrics, "revalidated")),
      passed(fills(metrics, "passed")),
      failed(fills(metrics, "failed")),
      collapsed(metrics.counter("headrace_cache_collapsed_total",
                                "Requests that waited for a fill begun by another. A low share on "
                                "a busy live stream means that collapsing does not work.")),
      held(memory_capacity / 2) {}

void forget(const FillContext& context, const Object& object) {
  const base::Ref<Record> now = context.memory.peek(object.key);
  // A revalidation may have renewed it: the same version under another record.
  if (now && now->kind == Record::Kind::kObject &&
      static_cast<const Object&>(*now).version() == object.version()) {
    context.memory.remove(object.key, *now);
  }
  if (context.disk == nullptr) return;
  context.forgotten.add(object.version());
  context.disk->erase(object.key, object.version());
}

}  // namespace cache
