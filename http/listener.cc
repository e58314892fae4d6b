#include "http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "http/transport.h"

namespace http {
namespace {

constexpr int kBacklog = 4'096;
constexpr int kAcceptsPerTurn = 64;
// Out of descriptors: others are closed in the meantime, asking again at once only burns the loop.
constexpr std::chrono::milliseconds kOutOfDescriptors{100};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

base::Result<SocketAddress> parse(const std::string& text) {
  const auto bad = [&] {
    return base::fail(base::ErrorCode::kInvalid,
                      "'" + text + "' is not an address; expected 127.0.0.1:8080 or [::1]:8080");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return bad();
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || stop != end) return bad();

  std::string host = text.substr(0, colon);
  SocketAddress address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address.size = sizeof six;
    if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return bad();
  } else {
    auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address.size = sizeof four;
    if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return bad();
  }
  return address;
}

std::unexpected<base::Error> failed(const std::string& address) {
  const int error = errno;
  const auto code = error == EADDRINUSE                 ? base::ErrorCode::kBusy
                    : error == EACCES || error == EPERM ? base::ErrorCode::kDenied
                    : error == EADDRNOTAVAIL            ? base::ErrorCode::kInvalid
                                                        : base::ErrorCode::kIo;
  return base::fail(code, "can't listen on " + address + ": " + std::strerror(error));
}

}  // namespace

bool is_listen_address(const std::string& text) { return parse(text).has_value(); }

base::Result<ListeningSocket> open_listening_socket(const std::string& address) {
  const auto parsed = parse(address);
  if (!parsed) return std::unexpected(parsed.error());

  const int family = parsed->storage.ss_family;
  base::UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return failed(address);
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // An IPv6 address means IPv6, so that "0.0.0.0" and "[::]" can stand side by side.
  if (family == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  // Accepted sockets inherit these.
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentLowWater,
             sizeof kUnsentLowWater);

  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&parsed->storage), parsed->size) != 0 ||
      listen(socket.get(), kBacklog) != 0) {
    return failed(address);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return failed(address);
  }
  return ListeningSocket{std::move(socket), peer_of(bound).port};
}

Peer peer_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  Peer peer;
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    peer.port = ntohs(four.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) != 0) {
      inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    }
    peer.port = ntohs(six.sin6_port);
  }
  peer.address = text;
  return peer;
}

Listener::Listener(EventLoop& loop, base::UniqueFd socket, OnAccept on_accept)
    : socket_(std::move(socket)),
      on_accept_(std::move(on_accept)),
      resume_(loop, [this] { io_.want(true, false); }),
      io_(loop, socket_.get(), [this](bool, bool) { accept_ready(); }) {
  io_.want(true, false);
}

void Listener::accept_ready() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    base::UniqueFd socket(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() >= 0) {
      on_accept_(std::move(socket), from);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      base::log_warning("http.accept", {{"reason", std::strerror(errno)}});
      io_.want(false, false);
      resume_.arm(kOutOfDescriptors);
      return;
    }
    if (errno == EAGAIN) return;
    // Anything else belongs to that one connection, gone before we came.
  }
}

}  // namespace http
