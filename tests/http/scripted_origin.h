// ScriptedOrigin: an origin on raw sockets that does what a test's script says, to the byte.
//
//   ScriptedOrigin origin([](OriginConnection& connection) {
//     connection.read_head();
//     connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
//   });
//
// The script runs once per connection, on a thread of that connection's; returning closes it. A
// script that waits is let go by the client's closing, or by the origin's destructor.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace http {

class OriginConnection {
 public:
  OriginConnection(int fd, int number) : number(number), fd_(fd) {}

  const int number;                             // 0 for the first connection.
  [[nodiscard]] int fd() const { return fd_; }  // To speak TLS on; then none of the below.

  // A request's head, its empty line included. Empty: the client closed.
  std::string read_head() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    return take(end + 4);
  }
  // Exactly `size` bytes, or fewer when the client closed.
  std::string read(std::size_t size) {
    while (buffer_.size() < size && receive()) {
    }
    return take(std::min(size, buffer_.size()));
  }
  std::string read_until(std::string_view ending) {
    while (!buffer_.ends_with(ending) && receive()) {
    }
    return take(buffer_.size());
  }
  void wait_for_close() {
    while (receive()) buffer_.clear();
  }
  // Takes nothing until the client is gone.
  void hold() const {
    pollfd gone{.fd = fd_, .events = POLLRDHUP, .revents = 0};
    poll(&gone, 1, -1);
  }
  // False: the client has left; most scripts need not care.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Gives the client a FIN now; the script may go on.
  void close() const { shutdown(fd_, SHUT_RDWR); }

 private:
  bool receive() {
    char bytes[16 * 1024];
    const ssize_t received = recv(fd_, bytes, sizeof bytes, 0);
    if (received <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(received));
    return true;
  }
  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  const int fd_;
  std::string buffer_;
};

class ScriptedOrigin {
 public:
  using Script = std::function<void(OriginConnection&)>;

  explicit ScriptedOrigin(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(listen(listener_, 128) == 0);
    CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ScriptedOrigin(const ScriptedOrigin&) = delete;
  ScriptedOrigin& operator=(const ScriptedOrigin&) = delete;
  ~ScriptedOrigin() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(std::string_view target = "/") const {
    return "http://" + authority() + std::string(target);
  }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd, number = connections_++] {
        OriginConnection connection(fd, number);
        script_(connection);
        const std::lock_guard closing(mutex_);
        std::erase(open_, fd);
        ::close(fd);
      });
    }
  }

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;  // Touched by the acceptor, then by the destructor.
  std::thread acceptor_;
};

}  // namespace http
