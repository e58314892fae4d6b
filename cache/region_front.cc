#include "cache/region_front.h"

#include <utility>

#include "base/log.h"

namespace cache {

std::optional<DiskPlace> RegionFront::take(std::uint32_t length, Regions::Use use, bool& opened) {
  if (aligned(length) > parts_.options.region_size.count()) return std::nullopt;
  if (auto place = parts_.regions.take_bytes(length)) return place;
  if (!open_next(use)) return std::nullopt;
  opened = true;
  return parts_.regions.take_bytes(length);
}

bool RegionFront::open_next(Regions::Use use) {
  const auto opening = parts_.regions.begin_file(use);
  if (!opening) return false;
  std::unique_ptr<File> file;
  if (!opening->has_file) {
    auto made = parts_.files.make(opening->number);
    if (!made) {
      if (made.error().code == base::ErrorCode::kNoSpace) {
        if (!parts_.regions.disk_full()) {
          base::log_error("cache.disk_full", {{"path", parts_.options.path},
                                              {"reason", made.error().context},
                                              {"action", "the cache keeps the size it has"}});
        }
        parts_.regions.set_disk_full();
      }
      parts_.note_error(made.error());
      parts_.regions.give_up(*opening);
      return false;
    }
    file = std::move(*made);
  }
  // Before any entry that names the epoch: the index thread does what it is given in order.
  parts_.tasks.post(parts_.context.index, [this, number = opening->number, entry = opening->entry] {
    if (const auto put = index_.open_region(number, entry); !put) {
      parts_.note_error(put.error());
    }
  });
  parts_.regions.open_file(*opening, std::move(file));
  return true;
}

}  // namespace cache
