// block_hash: XXH3 (64 bits, seeded) by the widest vectors that this processor has.
//
// Debian builds libxxhash for SSE2 alone. Over bytes that are in the processor's caches, as those
// of a fill are, AVX2 takes 0.04 CPU-s/GB where SSE2 takes 0.10; over cold ones 0.13 and 0.16. The
// value is the same whichever is used.
//
// Threads    Any.
#pragma once

#include <cstdint>
#include <string_view>

namespace cache {

std::uint64_t block_hash(std::string_view bytes, std::uint64_t seed);

}  // namespace cache
