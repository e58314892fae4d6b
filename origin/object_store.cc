#include "origin/object_store.h"

#include <algorithm>
#include <cstddef>

namespace origin {

bool is_object_name(std::string_view name) {
  constexpr std::size_t kNameMax = 1024;
  constexpr std::size_t kSegmentMax = 255;
  if (name.empty() || name.size() > kNameMax) return false;
  const auto unwanted = [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '\\';
  };
  if (std::ranges::any_of(name, unwanted)) return false;
  while (true) {
    const auto slash = name.find('/');
    const std::string_view segment = name.substr(0, slash);
    if (segment.empty() || segment.size() > kSegmentMax || segment.front() == '.') return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace origin
