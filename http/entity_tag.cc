#include "http/entity_tag.h"

#include "base/fields.h"

namespace http {
namespace {

// An entity tag, taken off the list's front; empty when there is none.
std::string_view take_etag(std::string_view& list) {
  const std::size_t open = list.starts_with("W/") ? 2 : 0;
  if (list.size() <= open || list[open] != '"') return {};
  // Commas may stand inside the quotes.
  const auto close = list.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  const std::string_view tag = list.substr(0, close + 1);
  list.remove_prefix(close + 1);
  return tag;
}

}  // namespace

bool same_etag(std::string_view a, std::string_view b, Comparison comparison) {
  if (comparison == Comparison::kStrong) return a == b && a.starts_with('"');
  if (a.starts_with("W/")) a.remove_prefix(2);
  if (b.starts_with("W/")) b.remove_prefix(2);
  return a == b;
}

bool lists_etag(std::string_view list, std::string_view etag, Comparison comparison) {
  list = base::trim(list);
  if (list == "*") return true;
  while (!list.empty()) {
    if (list.starts_with(',')) {  // Empty elements are allowed, §5.6.1.2.
      list = base::trim(list.substr(1));
      continue;
    }
    const std::string_view tag = take_etag(list);
    if (tag.empty()) return false;
    list = base::trim(list);
    if (!list.empty() && !list.starts_with(',')) return false;
    if (same_etag(tag, etag, comparison)) return true;
  }
  return false;
}

}  // namespace http
