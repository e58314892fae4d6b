#include "edge/worker.h"

#include <utility>

#include "base/log.h"

namespace edge {

void Worker::invalidate(const std::string& text, const base::Fields& request,
                        std::function<void()> done) {
  const auto [entry, is_first] = invalidations.try_emplace(text);
  // The purge under way may have drawn its number before this request's change was made.
  (is_first ? entry->second.now : entry->second.next).push_back(std::move(done));
  if (is_first) begin_invalidation(text, request);
}

void Worker::begin_invalidation(const std::string& text, const base::Fields& request) {
  invalidations.at(text).looking =
      store.is_known(text, request, loop, [this, text, request](bool is_known) {
        if (!is_known) return end_invalidation(text, request);
        cache::Purge purge;
        purge.kind = cache::PurgeKind::kUrl;
        purge.text = text;
        store.purge(std::move(purge), loop,
                    [this, text, request](const base::Result<std::uint64_t>& purged) {
                      if (!purged) {
                        base::log_error("invalidation.failed",
                                        {{"key", text}, {"reason", purged.error().context}});
                      }
                      end_invalidation(text, request);
                    });
      });
}

void Worker::end_invalidation(const std::string& text, const base::Fields& request) {
  Invalidation& entry = invalidations.at(text);
  const std::vector<std::function<void()>> done = std::exchange(entry.now, {});
  if (entry.next.empty()) {
    // Its look-up may be the caller: it goes behind it.
    loop.defer([looking = std::shared_ptr(std::move(entry.looking))] {});
    invalidations.erase(text);
  } else {
    entry.now = std::exchange(entry.next, {});
    loop.defer([this, text, request] { begin_invalidation(text, request); });
  }
  for (const auto& one : done) one();
}

}  // namespace edge
