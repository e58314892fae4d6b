#include "base/random.h"

#include <sys/random.h>

#include <string_view>

#include "base/check.h"

namespace base {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t have = 0; have < count;) {
    const ssize_t got = ::getrandom(bytes.data() + have, count - have, 0);
    CHECK(got > 0);
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string random_name(std::size_t length) {
  constexpr std::string_view kLetters =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::string name;
  while (name.size() < length) {
    for (const char byte : random_bytes(length)) {
      // The rest of the 256 would make some letters likelier.
      const auto value = static_cast<unsigned char>(byte);
      if (value < 256 / kLetters.size() * kLetters.size() && name.size() < length) {
        name += kLetters[value % kLetters.size()];
      }
    }
  }
  return name;
}

}  // namespace base
