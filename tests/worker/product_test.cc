#include "worker/product.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace worker {
namespace {

TEST(Product, IsAKeyAndBytes) {
  const std::string output = product_head("720p-vp9/0/seg/3") + std::string("\0\nb", 3);
  const auto parts = split_product(output);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->key, "720p-vp9/0/seg/3");
  EXPECT_EQ(parts->bytes, std::string("\0\nb", 3));
  EXPECT_EQ(split_product(product_head("a"))->bytes, "");
}

TEST(Product, HasAKeyOfSoManyCharacters) {
  const std::string longest(kProductKeyMax, 'a');
  EXPECT_EQ(split_product(longest + "\nbytes")->key, longest);
  EXPECT_FALSE(split_product(longest + "a\nbytes"));
  EXPECT_EQ(split_product("\nbytes").error().code, base::ErrorCode::kProtocol);
  EXPECT_FALSE(split_product("no end"));
  EXPECT_FALSE(split_product(""));
}

TEST(Product, HasNothingInItsKeyThatMeansMoreInAUrlOrAField) {
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const bool is_plain =
        c < 128 && (std::isalnum(c) != 0 || c == '.' || c == '_' || c == '/' || c == '-');
    if (character == '\n') continue;
    const auto parts = split_product(std::string("a") + character + "b\nbytes");
    EXPECT_EQ(parts.has_value(), is_plain) << c;
  }
}

}  // namespace
}  // namespace worker
