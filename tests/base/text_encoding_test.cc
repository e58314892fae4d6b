#include "base/text_encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/sha256.h"

namespace base {
namespace {

TEST(TextEncoding, TheVectorsOfTheRfc) {  // RFC 4648 §10.
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(to_hex("\xff\x01z"), "ff017a");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(from_base64url("-_8"), "\xfb\xff");
}

TEST(TextEncoding, WhatNoEncoderMakesIsRefused) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Z", "Zm9v\n", "Zm 9", "====", "-_8="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  for (const char* text : {"Zg==", "+/8", "A", "Zh"}) EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Sha256, TheVectorOfTheStandardWholeAndInPieces) {  // FIPS 180-4, "abc".
  constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Sha256::hex_of("abc"), kAbc);
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  EXPECT_EQ(hash.finish_hex(), kAbc);
  EXPECT_TRUE(is_sha256_hex(kAbc));
  EXPECT_FALSE(is_sha256_hex(std::string(kAbc).substr(1)));
  EXPECT_FALSE(is_sha256_hex(std::string(63, 'a') + "A"));
}

}  // namespace
}  // namespace base
