#include "base/bytes.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace base {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 10> kUnits{{
    {"", 1},
    {"B", 1},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
}};

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error == std::errc() && number >= 0) {
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    for (const auto& [name, factor] : kUnits) {
      const double count = number * static_cast<double>(factor);
      if (unit == name && count < 9e18 && std::floor(count) == count) {
        return Bytes(static_cast<std::uint64_t>(count));
      }
    }
  }
  return fail(ErrorCode::kInvalid, "'" + std::string(text) +
                                       "' is not a size: expected a whole number of bytes such as "
                                       "65536, 64KiB, 1.5GiB or 100GB");
}

std::string to_string(Bytes bytes) {
  constexpr std::array<std::string_view, 5> kNames{"", "KiB", "MiB", "GiB", "TiB"};
  std::uint64_t count = bytes.count();
  std::size_t unit = 0;
  while (count != 0 && count % 1024 == 0 && unit + 1 < kNames.size()) {
    count /= 1024;
    ++unit;
  }
  return std::to_string(count) + std::string(kNames[unit]);
}

}  // namespace base
