#include "http/range.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/fields.h"

namespace http {
namespace {

constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();

// 1*DIGIT of at most 2^63-1. A larger number is "none", too: clamping it would serve bytes at a
// position that was not asked.
std::optional<std::uint64_t> number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kNumberMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

// Takes "bytes" and what separates it from the rest.
bool take_unit(std::string_view& text, char separator) {
  constexpr std::string_view kUnit = "bytes";
  if (text.size() <= kUnit.size() || text[kUnit.size()] != separator) return false;
  if (!base::equals_ignoring_case(text.substr(0, kUnit.size()), kUnit)) return false;
  text.remove_prefix(kUnit.size() + 1);
  return true;
}

std::optional<RangeSpec> parse_spec(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, dash);
  const std::string_view after = text.substr(dash + 1);
  RangeSpec spec{number(before), number(after)};
  if (!before.empty() && !spec.first) return std::nullopt;
  if (!after.empty() && !spec.last) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.first > *spec.last) return std::nullopt;
  return spec;
}

std::optional<ByteRange> existing(const RangeSpec& spec, std::uint64_t size) {
  if (size == 0) return std::nullopt;
  if (!spec.first) {
    if (*spec.last == 0) return std::nullopt;
    return ByteRange{size - std::min(*spec.last, size), size - 1};
  }
  if (*spec.first >= size) return std::nullopt;
  return ByteRange{*spec.first, spec.last ? std::min(*spec.last, size - 1) : size - 1};
}

bool joins(ByteRange a, ByteRange b) { return a.first <= b.last + 1 && b.first <= a.last + 1; }

}  // namespace

base::Result<std::vector<RangeSpec>> parse_range(std::string_view value) {
  const auto invalid = [] {
    return base::fail(base::ErrorCode::kInvalid, "not a set of byte ranges", base::Blame::kClient);
  };
  if (!take_unit(value, '=')) return invalid();
  std::vector<RangeSpec> specs;
  for (std::size_t elements = 1;; ++elements) {
    if (elements > kRangesParsedMax) {
      return base::fail(base::ErrorCode::kTooLarge, "too many ranges", base::Blame::kClient);
    }
    const auto comma = value.find(',');
    // Empty elements are legal (RFC 9110 §5.6.1.2) and count.
    if (const std::string_view element = base::trim(value.substr(0, comma)); !element.empty()) {
      const auto spec = parse_spec(element);
      if (!spec) return invalid();
      specs.push_back(*spec);
    }
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  if (specs.empty()) return invalid();
  return specs;
}

std::vector<ByteRange> resolve(const std::vector<RangeSpec>& specs, std::uint64_t size) {
  std::vector<ByteRange> ranges;
  for (const RangeSpec& spec : specs) {
    auto range = existing(spec, size);
    if (!range) continue;
    // A range that bridges two earlier ones joins them, too; the result stands where the first of
    // them stood. At most kRangesParsedMax ranges, so the square is small.
    auto place = ranges.end();
    for (auto other = ranges.begin(); other != ranges.end();) {
      if (!joins(*other, *range)) {
        ++other;
        continue;
      }
      range->first = std::min(range->first, other->first);
      range->last = std::max(range->last, other->last);
      if (place == ranges.end()) {
        place = other++;
      } else {
        other = ranges.erase(other);
      }
    }
    if (place == ranges.end()) {
      ranges.push_back(*range);
    } else {
      *place = *range;
    }
  }
  return ranges;
}

base::Result<ContentRange> parse_content_range(std::string_view value) {
  const auto invalid = [] {
    return base::fail(base::ErrorCode::kInvalid, "not a Content-Range in bytes",
                      base::Blame::kOrigin);
  };
  if (!take_unit(value, ' ')) return invalid();
  const auto slash = value.find('/');
  if (slash == std::string_view::npos) return invalid();
  const std::string_view positions = value.substr(0, slash);
  const std::string_view length = value.substr(slash + 1);
  ContentRange result;
  if (length != "*") {
    result.size = number(length);
    if (!result.size) return invalid();
  }
  if (positions == "*") {
    if (!result.size) return invalid();
    return result;
  }
  const auto spec = parse_spec(positions);
  if (!spec || !spec->first || !spec->last) return invalid();
  if (result.size && *spec->last >= *result.size) return invalid();
  result.range = ByteRange{*spec->first, *spec->last};
  return result;
}

std::string format_content_range(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + '-' + std::to_string(range.last) + '/' +
         std::to_string(size);
}

std::string format_unsatisfied(std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace http
