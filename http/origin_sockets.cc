#include "http/origin_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/check.h"

namespace http {
namespace {

// False: not connected, or neither IPv4 nor IPv6.
bool read_end(int (*which)(int, sockaddr*, socklen_t*), int socket, std::string& address,
              int& port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* any = reinterpret_cast<sockaddr*>(&storage);
  if (which(socket, any, &size) != 0) return false;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    bytes = &v4->sin_addr;
    port = ntohs(v4->sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    bytes = &v6->sin6_addr;
    port = ntohs(v6->sin6_port);
  } else {
    return false;
  }
  if (inet_ntop(storage.ss_family, bytes, text.data(), text.size()) == nullptr) return false;
  address = text.data();
  return true;
}

}  // namespace

void OriginSockets::watch(CURL* easy) {
  CHECK(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this) == CURLE_OK);
  CHECK(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &OriginSockets::open) == CURLE_OK);
  CHECK(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this) == CURLE_OK);
  CHECK(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &OriginSockets::close) == CURLE_OK);
}

curl_socket_t OriginSockets::open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  static_cast<OriginSockets*>(self)->open_[socket];
  return socket;
}

int OriginSockets::close(void* self, curl_socket_t socket) {
  auto& sockets = *static_cast<OriginSockets*>(self);
  if (const auto entry = sockets.open_.extract(socket); !entry.empty()) {
    const auto known = sockets.by_ends_.find(entry.mapped());
    if (known != sockets.by_ends_.end() && known->second == socket) sockets.by_ends_.erase(known);
  }
  return ::close(socket);
}

bool OriginSockets::is_readable(const Ends& ends) {
  auto known = by_ends_.find(ends);
  if (known == by_ends_.end()) {
    for (auto& [socket, seen] : open_) {
      if (seen.local_port != 0) continue;
      if (read_end(::getsockname, socket, seen.local_address, seen.local_port) &&
          read_end(::getpeername, socket, seen.origin_address, seen.origin_port)) {
        by_ends_[seen] = socket;
      } else {
        seen = {};
      }
    }
    known = by_ends_.find(ends);
    if (known == by_ends_.end()) return false;
  }
  char byte = 0;
  const ssize_t got = ::recv(known->second, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EINTR);
}

}  // namespace http
