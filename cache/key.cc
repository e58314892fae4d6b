#include "cache/key.h"

#include <xxhash.h>

namespace cache {
namespace {

std::string hex_of(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    const auto shift = static_cast<unsigned>(60 - 4 * i);
    hex[i] = kDigits[(high >> shift) & 15];
    hex[16 + i] = kDigits[(low >> shift) & 15];
  }
  return hex;
}

}  // namespace

Key key_of(std::string_view text, Seed seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
  return {hash.high64, hash.low64};
}

std::string to_hex(const Key& key) { return hex_of(key.high, key.low); }
std::string to_hex(const Version& version) { return hex_of(version.high, version.low); }

}  // namespace cache
