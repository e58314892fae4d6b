// Selection: which part of a stored response answers this request: all of it, some ranges, or none
// because a condition says so. RFC 9110 §13 (conditions), §14 (ranges).
//
// Pure: from heads to a decision.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"
#include "http/range.h"

namespace edge {

// The request fields that steer a cache, found in one pass over the head.
struct RequestFacts {
  std::optional<std::string_view> range, if_range, if_match, if_none_match, if_modified_since,
      if_unmodified_since, origin;
  bool has_cache_control = false;  // Cache-Control or Pragma.
  bool has_cdn_loop = false;
  bool wants_event_stream = false;
};
RequestFacts facts_of(const base::Fields& request);

struct Selection {
  int status = 200;                     // 200 whole, 206 ranges, 304, 412, 416.
  std::vector<http::ByteRange> ranges;  // With 206.
};

// `length`: none while the body's end is unknown; ranges are ignored then.
Selection select(const RequestFacts& facts, int stored_status, const base::Fields& stored,
                 std::optional<std::uint64_t> length, base::WallTime now);

}  // namespace edge
