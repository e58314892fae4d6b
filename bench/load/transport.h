// Transport: the bytes of one client connection: a non-blocking TCP socket, with TLS or without.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace load {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

// The first address of `host`. Blocks.
base::Result<Address> resolve(const std::string& host, std::uint16_t port);

enum class Protocol { kAuto, kHttp1, kHttp2 };

struct TlsSettings {
  std::string tls13_ciphers = "TLS_AES_128_GCM_SHA256";
  std::string tls12_ciphers = "ECDHE+AESGCM";
  bool tls12 = false;                   // At most TLS 1.2.
  std::string ca_file;                  // Empty: the server's certificate is not verified.
  Protocol protocol = Protocol::kAuto;  // What ALPN offers.
};

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

base::Result<SslContext> new_ssl_context(const TlsSettings& settings);

class Transport {
 public:
  enum class Status {
    kOk,
    kBlocked,  // Again when the socket is ready.
    kEnd,      // The peer closed.
    kFailed,   // See error().
  };

  // A null context: no TLS. `host` is for SNI and, where the context verifies, for the certificate.
  static base::Result<Transport> open(const Address& address, SSL_CTX* context,
                                      const std::string& host,
                                      std::optional<base::Bytes> receive_buffer);
  Transport(Transport&& other) noexcept;
  Transport& operator=(Transport&&) = delete;
  ~Transport();

  // To be called when the socket is ready, until it returns kOk.
  Status handshake();
  // kOk: count > 0 bytes were moved.
  Status read(std::span<std::byte> into, std::size_t& count);
  Status write(std::string_view bytes, std::size_t& count);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool wants_write() const { return wants_write_; }  // After kBlocked.
  [[nodiscard]] const std::string& error() const { return error_; }

  // After the handshake; empty without TLS.
  [[nodiscard]] std::string_view alpn() const;
  [[nodiscard]] std::string_view cipher() const;
  [[nodiscard]] std::string_view tls_version() const;

 private:
  Transport(int fd, std::unique_ptr<SSL, SslDeleter> ssl) : fd_(fd), ssl_(std::move(ssl)) {}
  Status ssl_status(int result, std::string_view doing);
  Status errno_status(std::string_view doing);

  int fd_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool connected_ = false;
  bool wants_write_ = true;
  std::string error_;
};

}  // namespace load
