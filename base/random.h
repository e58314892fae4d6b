// Random bytes and names that nobody can guess, from the system. Threads: any.
#pragma once

#include <cstddef>
#include <string>

namespace base {

std::string random_bytes(std::size_t count);
// Of [1-9A-HJ-NP-Za-km-z] (no 0, O, I, l): 5.86 bits a character.
std::string random_name(std::size_t length);

}  // namespace base
