#include "origin/api/held_body.h"

#include <algorithm>

namespace origin {

base::Result<void> HeldBody::append(std::string_view bytes) {
  if (bytes.size() > bytes_max_ - bytes_.size()) {
    return base::fail(base::ErrorCode::kTooLarge,
                      "the body may have " + base::to_string(base::Bytes(bytes_max_)),
                      base::Blame::kClient);
  }
  const std::size_t size = bytes_.size() + bytes.size();
  if (size > kAlwaysHeld && size > share_.bytes()) {
    // What is reserved is what is counted.
    const std::size_t room = std::min(bytes_max_, std::max(size, 2 * share_.bytes()));
    if (!share_.try_hold(room)) {
      return base::fail(base::ErrorCode::kOverloaded,
                        "bodies that wait in memory have data.bodies_max");
    }
    bytes_.reserve(room);
  }
  bytes_ += bytes;
  return {};
}

}  // namespace origin
