// Bodies of the API: what is let through to the parser is nested as little as was promised.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/check.h"
#include "base/json_bounds.h"

namespace {

std::size_t depth_of(const nlohmann::json& value) {
  std::size_t deepest = 0;
  for (const auto& one : value) {
    if (one.is_structured()) deepest = std::max(deepest, depth_of(one));
  }
  return value.is_structured() ? deepest + 1 : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr base::JsonBounds kBounds{.nesting_max = 5, .values_max = 40};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool fits = base::check_json_bounds(text, kBounds).has_value();
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return 0;
  const std::size_t depth = depth_of(value);
  CHECK(!fits || depth <= kBounds.nesting_max);
  // To the parser a zero byte is the end.
  const bool is_read_whole = text.find('\0') == std::string_view::npos;
  CHECK(fits || !is_read_whole || depth > kBounds.nesting_max || size > kBounds.values_max);
  return 0;
}
