#include "origin/preconditions.h"

#include <chrono>
#include <optional>
#include <string>

#include "http/date.h"
#include "http/entity_tag.h"

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

}  // namespace

Verdict check_preconditions(const base::Fields& request, const ObjectInfo& object,
                            base::WallTime now) {
  const base::WallTime modified = to_second(object.modified);
  if (request.contains("if-match")) {
    if (!http::lists_etag(request.joined("if-match"), object.etag, http::Comparison::kStrong)) {
      return Verdict::kFailed;
    }
  } else if (const auto since = date_in(request, "if-unmodified-since", now)) {
    if (modified > *since) return Verdict::kFailed;
  }
  if (request.contains("if-none-match")) {
    return http::lists_etag(request.joined("if-none-match"), object.etag, http::Comparison::kWeak)
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
    return http::same_etag(value, object.etag, http::Comparison::kStrong);
  }
  const auto date = http::parse_date(value, now);
  const base::WallTime modified = to_second(object.modified);
  return date && *date == modified && now - modified >= std::chrono::seconds(2);
}

}  // namespace origin
