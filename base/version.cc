#include "base/version.h"

namespace base {

std::string_view version() { return HEADRACE_VERSION; }

}  // namespace base
