// Range and Content-Range with arbitrary values against bodies of arbitrary size: what is resolved
// lies within the body, does not overlap or touch, and covers exactly the bytes asked that exist.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/range.h"

namespace {

using namespace http;

bool asked(const std::vector<RangeSpec>& specs, std::uint64_t at, std::uint64_t size) {
  return std::ranges::any_of(specs, [&](const RangeSpec& spec) {
    if (!spec.first) return size - at <= *spec.last;
    return at >= *spec.first && (!spec.last || at <= *spec.last);
  });
}

void check_range(std::string_view value, std::uint64_t size) {
  const auto specs = parse_range(value);
  if (!specs) return;
  CHECK(!specs->empty() && specs->size() <= kRangesParsedMax);
  const std::vector<ByteRange> ranges = resolve(*specs, size);
  CHECK(ranges.size() <= specs->size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    CHECK(ranges[i].first <= ranges[i].last && ranges[i].last < size);
    for (std::size_t j = i + 1; j < ranges.size(); ++j) {
      CHECK(ranges[i].last + 1 < ranges[j].first || ranges[j].last + 1 < ranges[i].first);
    }
  }
  const auto covered = [&](std::uint64_t at) {
    return std::ranges::any_of(
        ranges, [&](ByteRange range) { return range.first <= at && at <= range.last; });
  };
  // Small bodies byte by byte, large ones at the edges of what was asked and found.
  if (size <= 300) {
    for (std::uint64_t at = 0; at < size; ++at) CHECK(covered(at) == asked(*specs, at, size));
    return;
  }
  for (const ByteRange range : ranges) {
    for (const std::uint64_t edge : {range.first, range.last}) {
      CHECK(asked(*specs, edge, size));
      if (edge > 0) CHECK(covered(edge - 1) == asked(*specs, edge - 1, size));
      if (edge + 1 < size) CHECK(covered(edge + 1) == asked(*specs, edge + 1, size));
    }
  }
}

void check_content_range(std::string_view value) {
  const auto parsed = parse_content_range(value);
  if (!parsed) return;
  CHECK(parsed->range || parsed->size);
  if (!parsed->range) {
    CHECK(parse_content_range(format_unsatisfied(*parsed->size))->size == parsed->size);
    return;
  }
  CHECK(parsed->range->first <= parsed->range->last);
  if (!parsed->size) return;
  CHECK(parsed->range->last < *parsed->size);
  const auto again = parse_content_range(format_content_range(*parsed->range, *parsed->size));
  CHECK(again && again->range == parsed->range && again->size == parsed->size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  std::uint64_t body = 0;
  std::memcpy(&body, data, 8);
  const std::string_view value(reinterpret_cast<const char*>(data) + 8, size - 8);
  check_range(value, body & 0xff);
  check_range(value, body >> 1);
  check_content_range(value);
  return 0;
}
