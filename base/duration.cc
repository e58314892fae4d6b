#include "base/duration.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/check.h"

namespace base {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const bool starts_with_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (starts_with_digit && error == std::errc()) {
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, factor] : kUnits) {
      if (unit == name && number <= std::numeric_limits<std::int64_t>::max() / factor) {
        return std::chrono::milliseconds(number * factor);
      }
    }
  }
  return fail(ErrorCode::kInvalid, "'" + std::string(text) +
                                       "' is not a duration: expected a whole number and a unit, "
                                       "such as 250ms, 10s, 5m, 1h or 30d");
}

std::string to_string(std::chrono::milliseconds duration) {
  const std::int64_t ms = duration.count();
  CHECK(ms >= 0);
  if (ms == 0) return "0s";
  std::size_t unit = kUnits.size() - 1;
  while (ms % kUnits[unit].second != 0) --unit;
  return std::to_string(ms / kUnits[unit].second) + std::string(kUnits[unit].first);
}

}  // namespace base
