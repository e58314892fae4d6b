#include "cache/block_hash.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <string>

namespace cache {
namespace {

// Caches are carried from machine to machine: the value must not depend on the processor.
TEST(BlockHash, IsXxh3AtEveryLengthAndAlignment) {
  std::string bytes(70'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 97);
  for (const std::size_t size : {0, 1, 16, 17, 128, 129, 240, 241, 1'023, 1'024, 1'025, 65'536}) {
    for (const std::size_t offset : {0, 1, 31, 4'096}) {
      const std::string_view part(bytes.data() + offset, size);
      for (const std::uint64_t seed : {std::uint64_t{0}, ~std::uint64_t{0} / 3}) {
        EXPECT_EQ(block_hash(part, seed), XXH3_64bits_withSeed(part.data(), part.size(), seed))
            << size << " at " << offset;
      }
    }
  }
}

}  // namespace
}  // namespace cache
