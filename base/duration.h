// Durations as people write them in a config file: "250ms", "10s", "5m", "1h", "30d".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// A whole number and one unit of ms, s, m, h, d. Fails with kInvalid.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// The largest unit that gives a whole number: "90s" for 90,000 ms, "0s" for none. Not negative.
std::string to_string(std::chrono::milliseconds duration);

}  // namespace base
