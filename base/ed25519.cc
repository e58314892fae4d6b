#include "base/ed25519.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <utility>

#include "base/check.h"

namespace base {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Context = std::unique_ptr<EVP_MD_CTX, Free>;
using Memory = std::unique_ptr<BIO, Free>;

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Nobody sits at a terminal to be asked for one.
int no_passphrase(char* /*into*/, int /*size*/, int /*writes*/, void* /*context*/) { return -1; }

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return fail(ErrorCode::kInvalid, "an Ed25519 public key has 32 bytes");
  }
  auto key =
      owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
  CHECK(key != nullptr);
  return Ed25519PublicKey(std::move(key), std::string(bytes));
}

bool Ed25519PublicKey::verifies(std::string_view message, std::string_view signature) const {
  if (signature.size() != kSignatureBytes) return false;
  const Context context(EVP_MD_CTX_new());
  CHECK(context != nullptr &&
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  const bool verified = EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                         bytes_of(message), message.size()) == 1;
  // What does not verify leaves an error behind, which whoever uses TLS next on this thread would
  // take for his own.
  if (!verified) ERR_clear_error();
  return verified;
}

Ed25519PrivateKey Ed25519PrivateKey::make() {
  auto key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  CHECK(key != nullptr);
  return Ed25519PrivateKey(std::move(key));
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_pem(std::string_view pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CHECK(memory != nullptr);
  auto key = owned(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalid, "no Ed25519 private key in PEM without a passphrase");
  }
  return Ed25519PrivateKey(std::move(key));
}

std::string Ed25519PrivateKey::to_pem() const {
  const Memory memory(BIO_new(BIO_s_mem()));
  CHECK(memory != nullptr && PEM_write_bio_PrivateKey(memory.get(), key_.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Ed25519PublicKey Ed25519PrivateKey::public_key() const {
  std::string bytes(Ed25519PublicKey::kBytes, '\0');
  std::size_t size = bytes.size();
  CHECK(EVP_PKEY_get_raw_public_key(key_.get(), bytes_of(bytes), &size) == 1);
  auto key = Ed25519PublicKey::from_bytes(bytes);
  CHECK(key.has_value());
  return std::move(*key);
}

std::string Ed25519PrivateKey::sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  CHECK(context != nullptr &&
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  std::string signature(Ed25519PublicKey::kSignatureBytes, '\0');
  std::size_t size = signature.size();
  CHECK(EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(message),
                       message.size()) == 1);
  CHECK(size == signature.size());
  return signature;
}

}  // namespace base
