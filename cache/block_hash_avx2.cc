// Compiled with -mavx2 (CMakeLists.txt). Nothing but libxxhash's own static functions may be used
// here: an inline function of another header would be linked into code that must run without AVX2.
#if defined(__x86_64__)

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>

static_assert(XXH_VECTOR == XXH_AVX2);

namespace cache {

std::uint64_t block_hash_avx2(const void* bytes, std::size_t size, std::uint64_t seed);

std::uint64_t block_hash_avx2(const void* bytes, std::size_t size, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, size, seed);
}

}  // namespace cache

#endif
