#include "origin/uploads/tus_headers.h"

#include <gtest/gtest.h>

#include <string>

#include "base/sha256.h"
#include "base/text_encoding.h"

namespace origin {
namespace {

using base::ErrorCode;

TEST(TusHeaders, NumbersAreDigitsAndNothingElse) {
  EXPECT_EQ(parse_tus_number("0"), 0u);
  EXPECT_EQ(parse_tus_number("9007199254740991"), 9'007'199'254'740'991u);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "9007199254740992", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_tus_number(text)) << text;
  }
}

TEST(TusHeaders, MetadataIsNamesAndBase64) {
  const auto pairs = parse_tus_metadata("filename d29ybGQubXA0, is_private ,title SGk=");
  ASSERT_TRUE(pairs) << pairs.error().context;
  EXPECT_EQ(pairs->at("filename"), "world.mp4");
  EXPECT_EQ(pairs->at("is_private"), "");
  EXPECT_EQ(pairs->at("title"), "Hi");
  EXPECT_TRUE(parse_tus_metadata("")->empty());
  for (const char* text : {"filename wor!d", " ,a b", "a YQ==,a YQ==", "a YQ", "a  b c"}) {
    EXPECT_EQ(parse_tus_metadata(text).error().code, ErrorCode::kInvalid) << text;
  }
}

TEST(TusHeaders, MetadataIsUtf8) {
  EXPECT_EQ(parse_tus_metadata("filename " + base::to_base64("h\u00e9"))->at("filename"),
            "h\u00e9");
  for (const std::string& text :
       {"filename " + base::to_base64("h\xe9"), std::string("n\xe9 YQ==")}) {
    const auto refused = parse_tus_metadata(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  }
}

TEST(TusHeaders, ChecksumsAreSha1OrSha256) {
  const base::Sha256::Digest digest = base::Sha256::of("bytes");
  const std::string text =
      "sha256 " + base::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  const auto checksum = parse_tus_checksum(text);
  ASSERT_TRUE(checksum);
  EXPECT_TRUE(matches(*checksum, "bytes"));
  EXPECT_FALSE(matches(*checksum, "other"));
  // From the protocol's own example: "hello world".
  const auto sha1 = parse_tus_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
  ASSERT_TRUE(sha1);
  EXPECT_TRUE(matches(*sha1, "hello world"));
  EXPECT_EQ(parse_tus_checksum("md5 XrY7u+Ae7tCTyyK7j1rNww==").error().code,
            ErrorCode::kUnsupported);
  for (const char* broken : {"sha1", "sha1 ", "sha1 AAAA", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="}) {
    EXPECT_EQ(parse_tus_checksum(broken).error().code, ErrorCode::kInvalid) << broken;
  }
}

TEST(TusHeaders, ConcatNamesUploadsByUrl) {
  EXPECT_TRUE(parse_tus_concat("partial")->is_partial);
  const auto final = parse_tus_concat("final;/api/v1/uploads/a https://x/uploads/b");
  ASSERT_TRUE(final);
  EXPECT_EQ(final->ids, (std::vector<std::string>{"a", "b"}));
  for (const char* text :
       {"", "final", "final;", "final;  ", "final;/a/", "whole", "final;/\xff"}) {
    EXPECT_FALSE(parse_tus_concat(text)) << text;
  }
}

}  // namespace
}  // namespace origin
