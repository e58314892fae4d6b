#include "origin/videos/gone_objects.h"

#include <string>
#include <vector>

#include "origin/litter.h"
#include "origin/object_store.h"

namespace origin {

base::Result<int> collect_gone_objects(Database& database, ObjectWriter& objects,
                                       const base::Clock& clock) {
  const std::vector<std::string> old =
      objects.older_than("media", base::wall_us(clock) - kLitterAge.count());
  // A video's row comes before its first object and ids are never used again: no row will come.
  const auto gone = ids_without_row(database, "videos", old);
  if (!gone) return std::unexpected(gone.error());
  int removed = 0;
  for (const std::string& id : *gone) {
    const std::string name = "media/" + id;
    if (!is_object_name(name)) continue;  // Not of ours.
    if (auto done = objects.remove(name); !done) return std::unexpected(done.error());
    ++removed;
  }
  return removed;
}

}  // namespace origin
