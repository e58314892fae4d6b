// Deeds: what a child of these tests does, by name. The test program is its own child, as the
// worker is: started again with kChildFlag and the deed's name.
#pragma once

#include <string_view>

namespace worker::sandbox {

inline constexpr std::string_view kChildFlag = "--in-sandbox";

// Does the deed and ends the process.
[[noreturn]] void be_child(std::string_view deed);

}  // namespace worker::sandbox
