#include "edge/worker.h"

#include <utility>

namespace edge {

void Worker::invalidate(const std::string& text, const base::Fields& request,
                        std::function<void()> done) {
  const auto slot = invalidations.emplace(invalidations.end());
  *slot = store.find(text, request, loop, [this, slot, text, done](const cache::Lookup& lookup) {
    if (lookup.state == cache::Lookup::State::kFound) {
      cache::Purge purge;
      purge.kind = cache::PurgeKind::kUrl;
      purge.text = text;
      store.purge(std::move(purge), loop, [done](const base::Result<std::uint64_t>&) { done(); });
    } else {
      done();
    }
    invalidations.erase(slot);
  });
}

}  // namespace edge
