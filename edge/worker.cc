#include "edge/worker.h"

#include <utility>

namespace edge {

void Worker::invalidate(const std::string& text, const base::Fields& request) {
  const auto slot = invalidations.emplace(invalidations.end());
  *slot = store.find(text, request, loop, [this, slot, text](const cache::Lookup& lookup) {
    if (lookup.state == cache::Lookup::State::kFound) {
      cache::Purge purge;
      purge.kind = cache::PurgeKind::kUrl;
      purge.text = text;
      store.purge(std::move(purge), loop, [](const base::Result<std::uint64_t>&) {});
    }
    invalidations.erase(slot);
  });
}

}  // namespace edge
