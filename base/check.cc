#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace base {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "CHECK failed at %s:%d: %s\n", file, line, expression);
  std::abort();
}

}  // namespace base
