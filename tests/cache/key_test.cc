#include "cache/key.h"

#include <gtest/gtest.h>

namespace cache {
namespace {

TEST(Key, DependsOnEveryByteAndOnTheSeed) {
  const Key key = key_of("video\n/v/1.ts", 1);
  EXPECT_EQ(key, key_of("video\n/v/1.ts", 1));
  EXPECT_NE(key, key_of("video\n/v/2.ts", 1));
  EXPECT_NE(key, key_of("video\n/v/1.ts", 2));
  EXPECT_NE(key, key_of("video\n/v/1.ts\n", 1));
}

// A cache directory is read by later versions: the hash of a text must never change.
TEST(Key, StaysTheSameForever) {
  EXPECT_EQ(to_hex(key_of("", 0)), "99aa06d3014798d86001c324468d497f");
}

TEST(Key, ReadsAsThirtyTwoHexDigits) {
  EXPECT_EQ(to_hex(Key{0x0123456789abcdef, 0xf}), "0123456789abcdef000000000000000f");
  EXPECT_EQ(to_hex(Version{0, 0}), std::string(32, '0'));
}

}  // namespace
}  // namespace cache
