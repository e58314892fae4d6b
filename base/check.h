// CHECK: our own mistakes end the process, in release builds too. Never for what comes from
// outside: that is a base::Result.
#pragma once

namespace base {

[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace base

#define CHECK(expression)                                    \
  do {                                                       \
    if (!(expression)) [[unlikely]] {                        \
      ::base::check_failed(#expression, __FILE__, __LINE__); \
    }                                                        \
  } while (false)
