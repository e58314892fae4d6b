// The version that this program was built as; from CMakeLists.txt's project().
#pragma once

#include <string_view>

namespace base {

std::string_view version();  // "0.1.0"

}  // namespace base
