// TlsStore: the server's certificates, chosen by SNI, and its session-ticket keys.
//
// reload() swaps the whole set: connections under way keep what they began with, new handshakes
// take the new one; ticket keys live on, so sessions resume across a reload. Cipher order puts
// AES-128-GCM first (fastest here per byte); TLS 1.2 and 1.3; ALPN h2, http/1.1.
//
// Threads    reload() from any thread; context() on any loop.
// Errors     kInvalid with the file and the reason: unreadable, not PEM, key does not match.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace http {

struct Certificate {
  std::vector<std::string> hosts;  // Exact or "*.example.org". The first entry of a list may have
                                   // none: it is the default.
  std::string certificate;         // Paths of PEM files: the chain, leaf first, and its key.
  std::string private_key;
};

class TlsStore {
 public:
  TlsStore();
  TlsStore(const TlsStore&) = delete;
  TlsStore& operator=(const TlsStore&) = delete;
  ~TlsStore();

  // All or nothing: on an error the set in force stays.
  base::Result<void> reload(const std::vector<Certificate>& certificates);

  struct Expiry {
    std::string host;  // First host of the certificate, or "default".
    base::WallTime not_after;
  };
  [[nodiscard]] std::vector<Expiry> expiries() const;

  // The context for a new handshake; holds the set alive. Null before the first reload().
  [[nodiscard]] std::shared_ptr<SSL_CTX> context() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace http
