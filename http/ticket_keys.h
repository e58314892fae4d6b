// TicketKeys: what encrypts TLS session tickets, shared by all certificates of a store, so that a
// session resumes on any loop and across reloads.
//
// The newest key encrypts; older ones still open tickets, which are then renewed. Keys are made
// here, live in memory only, and are forgotten after kKeys rotations: that bounds how much recorded
// TLS 1.2 traffic a seized machine gives away.
//
// Threads    Any. Ownership: outlives the contexts that it serves.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
typedef struct evp_mac_ctx_st EVP_MAC_CTX;

namespace http {

class TicketKeys {
 public:
  static constexpr std::chrono::hours kRotation{8};
  static constexpr std::size_t kKeys = 3;

  TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  void serve(SSL_CTX* context);
  // Before each use of a key. Public for tests.
  void rotate_if_due(base::MonoTime now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    base::MonoTime made;
  };

  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypting);
  static Key make_key(base::MonoTime now);

  mutable base::Mutex mutex_;
  std::vector<Key> keys_ GUARDED_BY(mutex_);  // Newest first.
};

}  // namespace http
