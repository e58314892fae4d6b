// The tables, as the steps that made them. docs/platform.md says what is in them.
#pragma once

#include <span>

namespace origin {

// Step i leads from version i to i + 1. A step that was released is never changed; ";" ends each of
// its statements.
std::span<const char* const> schema_steps();

}  // namespace origin
