// Range requests: the Range and Content-Range fields. RFC 9110 §14.
//
// Parsing is strict where laxness hurts: numbers are at most 2^63-1, and a set of more than
// kRangesMax ranges is refused, so that a few bytes asked never become many sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace http {

// The bytes [first, last], both counted from 0 and included.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] std::uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

// As the client wrote it: "5-9", "5-" (no last), "-9" (no first: the final 9 bytes).
struct RangeSpec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // With no first: the suffix's length.
  bool operator==(const RangeSpec&) const = default;
};

inline constexpr std::size_t kRangesParsedMax = 64;  // More: kTooLarge, treat as unsatisfiable.
inline constexpr std::size_t kRangesMax = 4;         // Served, after coalescing.

// kInvalid: not a bytes range set (the field is then to be ignored); kTooLarge: too many.
base::Result<std::vector<RangeSpec>> parse_range(std::string_view value);

// The ranges that exist in a body of `size` bytes, in the order asked, with overlapping and
// touching ranges joined. Empty: 416. More than kRangesMax left: answer 416 or the whole.
std::vector<ByteRange> resolve(const std::vector<RangeSpec>& specs, std::uint64_t size);

struct ContentRange {
  std::optional<ByteRange> range;     // None: "bytes */N", unsatisfied.
  std::optional<std::uint64_t> size;  // None: "*".
};
base::Result<ContentRange> parse_content_range(std::string_view value);
std::string format_content_range(ByteRange range, std::uint64_t size);  // "bytes 0-4/10".
std::string format_unsatisfied(std::uint64_t size);                     // "bytes */10".

}  // namespace http
