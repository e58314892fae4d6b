#include "bench/load/transport.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace load {
namespace {

// Several records a read, so that a big response costs few system calls.
constexpr std::size_t kReadAhead = 64 * 1024;

std::string ssl_error_text() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "closed by the server";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

base::Result<SslContext> bad_tls(const std::string& what) {
  return base::fail(base::ErrorCode::kInvalid, what + ": " + ssl_error_text());
}

bool is_ip_literal(const std::string& host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

base::Result<Address> resolve(const std::string& host, std::uint16_t port) {
  std::string name = host;
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &found)) {
    return base::fail(base::ErrorCode::kUnreachable,
                      "cannot resolve " + host + ": " + gai_strerror(code));
  }
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

base::Result<SslContext> new_ssl_context(const TlsSettings& settings) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  CHECK(context);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (settings.tls12) SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  if (SSL_CTX_set_ciphersuites(context.get(), settings.tls13_ciphers.c_str()) != 1) {
    return bad_tls("TLS 1.3 ciphers '" + settings.tls13_ciphers + "'");
  }
  if (SSL_CTX_set_cipher_list(context.get(), settings.tls12_ciphers.c_str()) != 1) {
    return bad_tls("TLS 1.2 ciphers '" + settings.tls12_ciphers + "'");
  }
  if (!settings.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), settings.ca_file.c_str(), nullptr) != 1) {
      return bad_tls("cannot read the CA file " + settings.ca_file);
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  using namespace std::string_view_literals;
  const std::string_view offer = settings.protocol == Protocol::kHttp1   ? "\x08http/1.1"sv
                                 : settings.protocol == Protocol::kHttp2 ? "\x02h2"sv
                                                                         : "\x02h2\x08http/1.1"sv;
  CHECK(SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                                static_cast<unsigned>(offer.size())) == 0);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadAhead);
  return context;
}

base::Result<Transport> Transport::open(const Address& address, SSL_CTX* context,
                                        const std::string& host,
                                        std::optional<base::Bytes> receive_buffer) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return base::fail(base::ErrorCode::kIo, std::string("socket: ") + std::strerror(errno));
  }
  Transport transport(fd, nullptr);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer) {
    const int size = static_cast<int>(receive_buffer->count());
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0 &&
      errno != EINPROGRESS) {
    return base::fail(base::ErrorCode::kUnreachable,
                      std::string("connect: ") + std::strerror(errno));
  }
  if (context != nullptr) {
    transport.ssl_.reset(SSL_new(context));
    SSL* const ssl = transport.ssl_.get();
    CHECK(ssl != nullptr);
    CHECK(SSL_set_fd(ssl, fd) == 1);
    SSL_set_connect_state(ssl);
    if (!is_ip_literal(host)) {
      SSL_set_tlsext_host_name(ssl, host.c_str());
      SSL_set1_host(ssl, host.c_str());
    } else {
      const bool v6 = host.starts_with('[');
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
                                    (v6 ? host.substr(1, host.size() - 2) : host).c_str());
    }
  }
  return transport;
}

Transport::Transport(Transport&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      ssl_(std::move(other.ssl_)),
      connected_(other.connected_),
      wants_write_(other.wants_write_),
      error_(std::move(other.error_)) {}

Transport::~Transport() {
  if (fd_ < 0) return;
  ssl_.reset();
  ::close(fd_);
}

Transport::Status Transport::errno_status(std::string_view doing) {
  if (errno == EAGAIN || errno == EINTR) return Status::kBlocked;
  if (errno == ECONNRESET || errno == EPIPE) return Status::kEnd;
  error_ = std::string(doing) + ": " + std::strerror(errno);
  return Status::kFailed;
}

Transport::Status Transport::ssl_status(int result, std::string_view doing) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Status::kBlocked;
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return Status::kBlocked;
    case SSL_ERROR_ZERO_RETURN:
      return Status::kEnd;
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return errno == 0 ? Status::kEnd : errno_status(doing);
    default:
      error_ = std::string(doing) + ": " + ssl_error_text();
      return Status::kFailed;
  }
}

Transport::Status Transport::handshake() {
  wants_write_ = false;
  if (!connected_) {
    int code = 0;
    socklen_t length = sizeof code;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) {
      error_ = std::string("connect: ") + std::strerror(code);
      return Status::kFailed;
    }
    sockaddr_storage peer{};
    length = sizeof peer;
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &length) != 0) {
      wants_write_ = true;
      return Status::kBlocked;
    }
    connected_ = true;
  }
  if (!ssl_) return Status::kOk;
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? Status::kOk : ssl_status(result, "TLS handshake");
}

Transport::Status Transport::read(std::span<std::byte> into, std::size_t& count) {
  errno = 0;
  if (ssl_) {
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
    return result == 1 ? Status::kOk : ssl_status(result, "read");
  }
  const ssize_t result = ::recv(fd_, into.data(), into.size(), 0);
  if (result == 0) return Status::kEnd;
  if (result < 0) return errno_status("read");
  count = static_cast<std::size_t>(result);
  return Status::kOk;
}

Transport::Status Transport::write(std::string_view bytes, std::size_t& count) {
  errno = 0;
  wants_write_ = false;
  if (ssl_) {
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    return result == 1 ? Status::kOk : ssl_status(result, "write");
  }
  const ssize_t result = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (result < 0) {
    const Status status = errno_status("write");
    wants_write_ = status == Status::kBlocked;
    return status;
  }
  count = static_cast<std::size_t>(result);
  return Status::kOk;
}

std::string_view Transport::alpn() const {
  if (!ssl_) return {};
  const unsigned char* data = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &data, &length);
  return {reinterpret_cast<const char*>(data), length};
}

std::string_view Transport::cipher() const {
  return ssl_ ? SSL_get_cipher_name(ssl_.get()) : std::string_view{};
}

std::string_view Transport::tls_version() const {
  return ssl_ ? SSL_get_version(ssl_.get()) : std::string_view{};
}

}  // namespace load
