#include "cache/block_hash.h"

#include <xxhash.h>

namespace cache {

#if defined(__x86_64__)

// In block_hash_avx2.cc, which is compiled for AVX2: to be called only where that exists.
std::uint64_t block_hash_avx2(const void* bytes, std::size_t size, std::uint64_t seed);

std::uint64_t block_hash(std::string_view bytes, std::uint64_t seed) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  return has_avx2 ? block_hash_avx2(bytes.data(), bytes.size(), seed)
                  : XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

#else

std::uint64_t block_hash(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

#endif

}  // namespace cache
