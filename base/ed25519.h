// Ed25519 signatures. RFC 8032; OpenSSL's.
//
// Keys are shared when copied, and immutable. Threads: any.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace base {

class Ed25519PublicKey {
 public:
  static constexpr std::size_t kBytes = 32;
  static constexpr std::size_t kSignatureBytes = 64;

  // kInvalid: not 32 bytes.
  static Result<Ed25519PublicKey> from_bytes(std::string_view bytes);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

 private:
  Ed25519PublicKey(std::shared_ptr<evp_pkey_st> key, std::string bytes)
      : key_(std::move(key)), bytes_(std::move(bytes)) {}

  std::shared_ptr<evp_pkey_st> key_;
  std::string bytes_;
};

class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey make();  // A new one, from the system's randomness.
  // PKCS #8 without a passphrase, as `openssl genpkey -algorithm ed25519` writes it. kInvalid:
  // anything else.
  static Result<Ed25519PrivateKey> from_pem(std::string_view pem);

  [[nodiscard]] std::string to_pem() const;
  [[nodiscard]] Ed25519PublicKey public_key() const;
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  explicit Ed25519PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace base
