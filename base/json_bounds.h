// How deep JSON from outside is nested, and how many values it has, before anything is built of it: a
// parser takes any depth, but what copies and writes a value calls itself for what is in it, until the
// stack is used up.
//
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace base {

struct JsonBounds {
  std::size_t nesting_max;
  std::size_t values_max;  // Each may take a hundred bytes of memory, and has two of the text.
};

// kInvalid, for the client, with a sentence that begins with "JSON may": it is beyond the bounds. What is
// no JSON is the parser's to refuse.
Result<void> check_json_bounds(std::string_view text, const JsonBounds& bounds);

}  // namespace base
