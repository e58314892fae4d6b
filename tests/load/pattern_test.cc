#include "bench/load/pattern.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "bench/load/random.h"

namespace load {
namespace {

std::vector<std::byte> object(std::uint64_t seed, std::uint64_t offset, std::size_t length) {
  std::vector<std::byte> bytes(length);
  pattern_fill(seed, offset, bytes);
  return bytes;
}

TEST(Pattern, IsTheDocumentedFunction) {
  const auto bytes = object(42, 0, 16);
  std::uint64_t second = 0;
  std::memcpy(&second, bytes.data() + 8, 8);
  EXPECT_EQ(second, splitmix64(43));
}

TEST(Pattern, AnyRangeOfTheObjectMatchesItsBytes) {
  const std::uint64_t seed = pattern_seed("movie.bin");
  const auto whole = object(seed, 0, 100);
  for (std::size_t first = 0; first < whole.size(); ++first) {
    for (std::size_t length = 0; first + length <= whole.size(); ++length) {
      const std::span range = std::span(whole).subspan(first, length);
      EXPECT_TRUE(pattern_matches(seed, first, range)) << first << "+" << length;
    }
  }
}

TEST(Pattern, OneWrongBitAnywhereIsFound) {
  const std::uint64_t seed = pattern_seed("movie.bin");
  for (std::size_t at = 0; at < 41; ++at) {
    auto bytes = object(seed, 3, 41);
    bytes[at] ^= std::byte{0x10};
    EXPECT_FALSE(pattern_matches(seed, 3, bytes)) << at;
  }
}

TEST(Pattern, BytesOfAnotherOffsetOrObjectDoNotMatch) {
  const std::uint64_t seed = pattern_seed("a");
  const auto bytes = object(seed, 64, 64);
  EXPECT_FALSE(pattern_matches(seed, 72, bytes));
  EXPECT_FALSE(pattern_matches(pattern_seed("b"), 64, bytes));
}

TEST(Pattern, ObjectsAreNamedByTheirLastSegment) {
  EXPECT_EQ(object_name("/a/b/c.bin?token=1/2"), "c.bin");
  EXPECT_EQ(object_name("c.bin"), "c.bin");
  EXPECT_EQ(object_name("/"), "");
}

}  // namespace
}  // namespace load
