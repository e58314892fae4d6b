#include "base/json_bounds.h"

#include <string>

namespace base {
namespace {

std::unexpected<Error> beyond(const std::string& what) {
  return fail(ErrorCode::kInvalid, "JSON may " + what, Blame::kClient);
}

}  // namespace

Result<void> check_json_bounds(std::string_view text, const JsonBounds& bounds) {
  std::size_t depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++i;
      continue;
    }
    const bool opens = c == '[' || c == '{';
    if (opens) ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (opens || c == ',') ++values;
    if (depth > bounds.nesting_max) {
      return beyond("be nested " + std::to_string(bounds.nesting_max) + " deep");
    }
    if (values > bounds.values_max) {
      return beyond("have " + std::to_string(bounds.values_max) + " values");
    }
  }
  return {};
}

}  // namespace base
