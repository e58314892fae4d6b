#include "origin/preconditions.h"

#include <chrono>
#include <optional>
#include <string>

#include "http/date.h"

namespace origin {
namespace {

// Dates on the wire are whole seconds.
base::WallTime to_second(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

std::optional<base::WallTime> date_in(const base::Fields& request, std::string_view name,
                                      base::WallTime now) {
  const auto value = request.find(name);
  return value ? http::parse_date(*value, now) : std::nullopt;
}

// An entity tag and what follows it; empty when there is none at the start. RFC 9110 §8.8.3.
std::string_view take_etag(std::string_view& list) {
  const std::size_t open = list.starts_with("W/") ? 2 : 0;
  if (list.size() <= open || list[open] != '"') return {};
  const auto close = list.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  const std::string_view tag = list.substr(0, close + 1);
  list.remove_prefix(close + 1);
  return tag;
}

bool same(std::string_view a, std::string_view b, Comparison comparison) {
  if (comparison == Comparison::kStrong) return a == b && a.starts_with('"');
  if (a.starts_with("W/")) a.remove_prefix(2);
  if (b.starts_with("W/")) b.remove_prefix(2);
  return a == b;
}

}  // namespace

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
    if (same(tag, etag, comparison)) return true;
  }
  return false;
}

Verdict check_preconditions(const base::Fields& request, const ObjectInfo& object,
                            base::WallTime now) {
  const base::WallTime modified = to_second(object.modified);
  if (request.contains("if-match")) {
    if (!lists_etag(request.joined("if-match"), object.etag, Comparison::kStrong)) {
      return Verdict::kFailed;
    }
  } else if (const auto since = date_in(request, "if-unmodified-since", now)) {
    if (modified > *since) return Verdict::kFailed;
  }
  if (request.contains("if-none-match")) {
    return lists_etag(request.joined("if-none-match"), object.etag, Comparison::kWeak)
               ? Verdict::kNotModified
               : Verdict::kProceed;
  }
  if (const auto since = date_in(request, "if-modified-since", now)) {
    if (modified <= *since) return Verdict::kNotModified;
  }
  return Verdict::kProceed;
}

bool range_applies(const base::Fields& request, const ObjectInfo& object, base::WallTime now) {
  if (!request.contains("if-range")) return true;
  if (request.count("if-range") > 1) return false;
  const std::string_view value = *request.find("if-range");
  if (value.starts_with('"') || value.starts_with("W/")) {
    return same(value, object.etag, Comparison::kStrong);
  }
  const auto date = http::parse_date(value, now);
  const base::WallTime modified = to_second(object.modified);
  return date && *date == modified && now - modified >= std::chrono::seconds(2);
}

}  // namespace origin
