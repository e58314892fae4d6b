// Dates: whatever is read can be written and read again as the same second.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/date.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::WallTime now{std::chrono::seconds(1'700'000'000)};
  const auto time = http::parse_date({reinterpret_cast<const char*>(data), size}, now);
  if (!time) return 0;
  // A leap second at the end of the last year that has four digits.
  if (*time >= base::WallTime(std::chrono::sys_days(std::chrono::year(10000) / 1 / 1))) return 0;
  CHECK(http::parse_date(http::format_date(*time), now) == time);
  return 0;
}
