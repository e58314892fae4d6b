// A Server on real loops and loopback sockets, and blocking clients for it, plain and TLS. Every
// wait of a client ends after five seconds.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fields.h"
#include "base/metrics.h"
#include "base/unique_fd.h"
#include "http/event_loop.h"
#include "http/server.h"
#include "http/tls_store.h"
#include "tests/http/test_certificate.h"

namespace http::testing {

constexpr std::chrono::seconds kPatience{5};

// The body of "/N": N bytes that tell their place.
inline std::string body_of(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i + i / 97) % 26);
  return bytes;
}

// Answers nothing until let go; what is under way in a drain.
class Held {
 public:
  void wait_for_request() { EXPECT_EQ(arrived_.get_future().wait_for(kPatience), kReady); }
  void let_go() {
    exchange_->loop().post([this] {
      if (exchange_ != nullptr) exchange_->respond({.status = 200}, 0);
    });
  }

 private:
  friend class TestServer;
  static constexpr auto kReady = std::future_status::ready;
  std::promise<void> arrived_;
  Exchange* exchange_ = nullptr;
};

class TestServer {
 public:
  explicit TestServer(std::size_t loop_count = 1, Limits limits = {}) {
    std::vector<EventLoop*> loops;
    std::vector<Handler> handlers;
    for (std::size_t i = 0; i < loop_count; ++i) {
      loops_.push_back(std::make_unique<EventLoop>());
      loops.push_back(loops_.back().get());
      handlers.emplace_back([this](Exchange& exchange) { return handle(exchange); });
    }
    server = std::make_unique<Server>(loops, handlers, limits, metrics);
    for (const auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
  }
  ~TestServer() { stop(); }

  std::uint16_t listen(const TlsStore* tls = nullptr) {
    const auto port = server->listen("127.0.0.1:0", tls);
    EXPECT_TRUE(port.has_value());
    return port.value_or(0);
  }
  void stop() {
    for (const auto& loop : loops_) loop->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    server.reset();
    loops_.clear();
  }
  [[nodiscard]] std::size_t loops_used() {
    const std::lock_guard lock(mutex_);
    return threads_seen_.size();
  }

  base::Metrics metrics;
  std::unique_ptr<Server> server;
  Held held;  // For "/held".

 private:
  class HeldAnswer final : public Responder {
   public:
    HeldAnswer(Held& held, Exchange& exchange) : held_(held), exchange_(exchange) {}
    ~HeldAnswer() override { held_.exchange_ = nullptr; }
    void start() override {
      held_.exchange_ = &exchange_;
      held_.arrived_.set_value();
    }
    Pulled pull(std::size_t) override { return Pulled::end(); }

   private:
    Held& held_;
    Exchange& exchange_;
  };

  std::unique_ptr<Responder> handle(Exchange& exchange) {
    {
      const std::lock_guard lock(mutex_);
      threads_seen_.insert(std::this_thread::get_id());
    }
    const std::string& target = exchange.request().target;
    if (target == "/held") return std::make_unique<HeldAnswer>(held, exchange);
    if (target == "/peer") {
      const Peer& peer = exchange.peer();
      return make_fixed_responder(exchange, {},
                                  peer.address + (peer.tls ? " tls " : " plain ") +
                                      peer.server_name + " " + exchange.request().scheme);
    }
    return make_fixed_responder(exchange, {}, body_of(std::stoul(target.substr(1))));
  }

  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::set<std::thread::id> threads_seen_;
};

class PlainClient {
 public:
  explicit PlainClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const timeval patience = {kPatience.count(), 0};
    setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  virtual ~PlainClient() = default;
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  virtual void write(std::string_view bytes) {
    EXPECT_EQ(send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // 0: closed. Negative: failed or timed out.
  virtual ssize_t read_some(char* to, std::size_t max) { return recv(fd(), to, max, 0); }

  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const ssize_t more = read_some(bytes.data() + got, size - got);
      if (more <= 0) break;
      got += static_cast<std::size_t>(more);
    }
    bytes.resize(got);
    return bytes;
  }
  std::string read_to_end() {
    std::string bytes;
    char part[4'096];
    for (ssize_t size = 0; (size = read_some(part, sizeof part)) > 0;) {
      bytes.append(part, static_cast<std::size_t>(size));
    }
    return bytes;
  }
  // A response with Content-Length: its body.
  std::string read_response() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string more = read(1);
      if (more.empty()) return "cut: " + head;
      head += more;
    }
    constexpr std::string_view kLength = "\r\ncontent-length: ";
    const auto at = base::to_lower(head).find(kLength);
    return at == std::string::npos ? "" : read(std::stoul(head.substr(at + kLength.size())));
  }
  std::string get(std::string_view target) {
    write("GET " + std::string(target) + " HTTP/1.1\r\nHost: video.example\r\n\r\n");
    return read_response();
  }
  bool closed_by_server() {
    char byte = 0;
    return read_some(&byte, 1) == 0;
  }

 protected:
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  base::UniqueFd socket_;
};

struct TlsOptions {
  std::string alpn = {};  // As on the wire: "\x02h2\x08http/1.1".
  std::string server_name = {};
  int version = 0;  // The only one spoken; 0: any.
  SSL_SESSION* resume = nullptr;
};

class TlsClient final : public PlainClient {
 public:
  explicit TlsClient(std::uint16_t port, const TlsOptions& options = {})
      : PlainClient(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    if (options.version != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), options.version);
      SSL_CTX_set_max_proto_version(context_.get(), options.version);
    }
    ssl_.reset(SSL_new(context_.get()));
    const auto* alpn = reinterpret_cast<const unsigned char*>(options.alpn.data());
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl_.get(), alpn, static_cast<unsigned>(options.alpn.size()));
    }
    if (!options.server_name.empty()) {
      SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
    }
    if (options.resume != nullptr) SSL_set_session(ssl_.get(), options.resume);
    SSL_set_msg_callback(ssl_.get(), [](int, int, int type, const void* bytes, std::size_t size,
                                        SSL*, void* records) {
      const auto* header = static_cast<const unsigned char*>(bytes);
      if (type != SSL3_RT_HEADER || size != 5 || header[0] != SSL3_RT_APPLICATION_DATA) return;
      static_cast<std::vector<std::size_t>*>(records)->push_back(header[3] * 256U + header[4]);
    });
    SSL_set_msg_callback_arg(ssl_.get(), &records);
    SSL_set_fd(ssl_.get(), fd());
    connected = SSL_connect(ssl_.get()) == 1;
  }

  void write(std::string_view bytes) override {
    EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }
  ssize_t read_some(char* to, std::size_t max) override {
    const int size = SSL_read(ssl_.get(), to, static_cast<int>(max));
    if (size > 0) return size;
    return SSL_get_error(ssl_.get(), size) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
  }

  [[nodiscard]] std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  [[nodiscard]] bool certificate_is_for(const std::string& host) const {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl_.get()),
                                                             X509_free);
    return certificate && X509_check_host(certificate.get(), host.c_str(), 0, 0, nullptr) == 1;
  }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  [[nodiscard]] std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  // After a response, when the tickets of TLS 1.3 have come too.
  [[nodiscard]] std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session() const {
    return {SSL_get1_session(ssl_.get()), SSL_SESSION_free};
  }

  bool connected = false;
  std::vector<std::size_t> records;  // Of application data, both ways, encrypted sizes.

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace http::testing
