#include "http/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/check.h"

namespace http {
namespace {

// Where a context keeps the TicketKeys that serve it.
int index_of_keys() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool set_mac_key(EVP_MAC_CTX* mac, std::array<unsigned char, 32>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::TicketKeys() { keys_.push_back(make_key(std::chrono::steady_clock::now())); }

TicketKeys::~TicketKeys() {
  for (Key& key : keys_) OPENSSL_cleanse(&key, sizeof key);
}

TicketKeys::Key TicketKeys::make_key(base::MonoTime now) {
  Key key;
  CHECK(RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1);
  CHECK(RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1);
  CHECK(RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1);
  key.made = now;
  return key;
}

void TicketKeys::serve(SSL_CTX* context) {
  CHECK(SSL_CTX_set_ex_data(context, index_of_keys(), this) == 1);
  CHECK(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1);
  SSL_CTX_set_timeout(context, std::chrono::duration_cast<std::chrono::seconds>(kRotation).count());
}

void TicketKeys::rotate_if_due(base::MonoTime now) {
  base::MutexLock lock(mutex_);
  if (now - keys_.front().made < kRotation) return;
  keys_.insert(keys_.begin(), make_key(now));
  while (keys_.size() > kKeys) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
}

std::size_t TicketKeys::size() const {
  base::MutexLock lock(mutex_);
  return keys_.size();
}

// 1: done; 2: done, but renew the ticket; 0: not a ticket of ours; -1: failed.
int TicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int encrypting) {
  auto& self =
      *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index_of_keys()));
  self.rotate_if_due(std::chrono::steady_clock::now());

  base::MutexLock lock(self.mutex_);
  if (encrypting != 0) {
    Key& key = self.keys_.front();
    std::memcpy(name, key.name.data(), key.name.size());
    const int iv_size = EVP_CIPHER_get_iv_length(EVP_aes_256_cbc());
    const bool done =
        RAND_bytes(iv, iv_size) == 1 &&
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
        set_mac_key(mac, key.mac);
    return done ? 1 : -1;
  }
  const auto key = std::ranges::find_if(self.keys_, [&](const Key& candidate) {
    return std::memcmp(candidate.name.data(), name, candidate.name.size()) == 0;
  });
  if (key == self.keys_.end()) return 0;
  const bool done =
      set_mac_key(mac, key->mac) &&
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1;
  if (!done) return -1;
  return key == self.keys_.begin() ? 1 : 2;
}

}  // namespace http
