#include "base/ed25519.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// RFC 8032 §7.1, test 2.
const std::string kPublic =
    from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const std::string kMessage = from_hex("72");
const std::string kSignature = from_hex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");

TEST(Ed25519, VerifiesTheRfcsOwnExampleAndNothingNearIt) {
  const auto key = Ed25519PublicKey::from_bytes(kPublic);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verifies(kMessage, kSignature));
  EXPECT_FALSE(key->verifies("s", kSignature));
  EXPECT_FALSE(key->verifies("", kSignature));
  for (std::size_t i = 0; i < kSignature.size(); ++i) {
    std::string other = kSignature;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(key->verifies(kMessage, other)) << i;
  }
  EXPECT_FALSE(key->verifies(kMessage, kSignature.substr(1)));
  EXPECT_FALSE(key->verifies(kMessage, kSignature + '\0'));
}

TEST(Ed25519, WhatOneKeySignsNoOtherVerifies) {
  const auto one = Ed25519PrivateKey::make();
  const auto other = Ed25519PrivateKey::make();
  const std::string signature = one.sign("message");
  EXPECT_TRUE(one.public_key().verifies("message", signature));
  EXPECT_FALSE(other.public_key().verifies("message", signature));
}

TEST(Ed25519, APublicKeyHas32Bytes) {
  EXPECT_FALSE(Ed25519PublicKey::from_bytes(kPublic.substr(1)));
  EXPECT_FALSE(Ed25519PublicKey::from_bytes(kPublic + "x"));
  EXPECT_EQ(Ed25519PublicKey::from_bytes(kPublic)->bytes(), kPublic);
}

TEST(Ed25519, APrivateKeyComesBackFromItsPem) {
  const auto key = Ed25519PrivateKey::make();
  const auto again = Ed25519PrivateKey::from_pem(key.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key().bytes(), key.public_key().bytes());
}

TEST(Ed25519, OtherFilesAreNoKeys) {
  EXPECT_FALSE(Ed25519PrivateKey::from_pem(""));
  EXPECT_FALSE(Ed25519PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nnonsense\n"));
  // openssl genpkey -algorithm X25519
  EXPECT_FALSE(Ed25519PrivateKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VuBCIEICgLeTxAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
      "-----END PRIVATE KEY-----\n"));
}

}  // namespace
}  // namespace base
