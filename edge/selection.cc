#include "edge/selection.h"

#include "http/date.h"
#include "http/entity_tag.h"

namespace edge {
namespace {

// If-Range: the ranges may be served only when it names exactly the stored version.
bool if_range_holds(std::string_view if_range, const base::Fields& stored) {
  if_range = base::trim(if_range);
  if (if_range.find('"') != std::string_view::npos) {
    const auto etag = stored.find("etag");
    return etag && http::same_etag(if_range, *etag, http::Comparison::kStrong);
  }
  const auto modified = stored.find("last-modified");
  return modified && if_range == *modified;
}

bool unmodified_since(std::string_view since, const base::Fields& stored, base::WallTime now) {
  const auto modified = stored.find("last-modified");
  const auto limit = http::parse_date(since, now);
  if (!modified || !limit) return false;
  const auto time = http::parse_date(*modified, now);
  return time && *time <= *limit;
}

}  // namespace

RequestFacts facts_of(const base::Fields& request) {
  RequestFacts facts;
  for (const base::Field field : request) {
    const std::string_view name = field.name;
    switch (name.front()) {
      case 'r':
        // Two of them are no range that two readers would agree on: as malformed ones, none.
        if (name == "range") facts.range = facts.range ? std::string_view("two") : field.value;
        break;
      case 'i':
        if (name == "if-range") facts.if_range = field.value;
        if (name == "if-match") facts.if_match = field.value;
        if (name == "if-none-match") facts.if_none_match = field.value;
        if (name == "if-modified-since") facts.if_modified_since = field.value;
        if (name == "if-unmodified-since") facts.if_unmodified_since = field.value;
        break;
      case 'o':
        if (name == "origin") facts.origin = field.value;
        break;
      case 'c':
        if (name == "cache-control") facts.has_cache_control = true;
        if (name == "cdn-loop") facts.has_cdn_loop = true;
        break;
      case 'p':
        if (name == "pragma") facts.has_cache_control = true;
        break;
      case 'a':
        if (name == "accept" && field.value.find("text/event-stream") != std::string_view::npos) {
          facts.wants_event_stream = true;
        }
        break;
      default:
        break;
    }
  }
  return facts;
}

Selection select(const RequestFacts& facts, int stored_status, const base::Fields& stored,
                 std::optional<std::uint64_t> length, base::WallTime now) {
  if (stored_status != 200) return {stored_status, {}};
  const std::string_view etag = stored.find("etag").value_or("");
  if (facts.if_match) {
    if (!http::lists_etag(*facts.if_match, etag, http::Comparison::kStrong)) return {412, {}};
  } else if (facts.if_unmodified_since && stored.contains("last-modified") &&
             http::parse_date(*facts.if_unmodified_since, now) &&
             !unmodified_since(*facts.if_unmodified_since, stored, now)) {
    return {412, {}};
  }
  if (facts.if_none_match) {
    if (http::lists_etag(*facts.if_none_match, etag, http::Comparison::kWeak)) return {304, {}};
  } else if (facts.if_modified_since && unmodified_since(*facts.if_modified_since, stored, now)) {
    return {304, {}};
  }
  if (!facts.range || !length) return {200, {}};
  if (facts.if_range && !if_range_holds(*facts.if_range, stored)) return {200, {}};
  const auto specs = http::parse_range(*facts.range);
  if (!specs) {
    return {specs.error().code == base::ErrorCode::kTooLarge ? 416 : 200, {}};
  }
  std::vector<http::ByteRange> ranges = http::resolve(*specs, *length);
  if (ranges.empty() || ranges.size() > http::kRangesMax) return {416, {}};
  return {206, std::move(ranges)};
}

}  // namespace edge
