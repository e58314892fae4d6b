#include "worker/sandbox/packet_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace worker::sandbox {

base::Result<std::pair<PacketSocket, base::UniqueFd>> PacketSocket::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::fail(base::ErrorCode::kIo, std::string("socketpair: ") + std::strerror(errno));
  }
  return std::pair(PacketSocket(base::UniqueFd(ends[0])), base::UniqueFd(ends[1]));
}

base::Result<void> PacketSocket::send(std::string_view packet) const {
  while (::send(fd_.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    const bool gone = errno == EPIPE || errno == ECONNRESET;
    return base::fail(
        gone ? base::ErrorCode::kAborted : base::ErrorCode::kIo,
        std::string("send to the other side of the sandbox: ") + std::strerror(errno));
  }
  return {};
}

base::Result<std::optional<std::string_view>> PacketSocket::receive(std::span<char> buffer) const {
  ssize_t size = 0;
  // MSG_TRUNC: a packet that does not fit says how long it was.
  while ((size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_TRUNC)) < 0) {
    // ECONNRESET: the peer is gone and had not read all. It is told once; what the peer has said
    // comes after it, then the end.
    if (errno == EINTR || errno == ECONNRESET) continue;
    return base::fail(
        base::ErrorCode::kIo,
        std::string("receive from the other side of the sandbox: ") + std::strerror(errno));
  }
  if (size == 0) return std::nullopt;
  const auto length = static_cast<std::size_t>(size);
  if (length > buffer.size()) {
    return base::fail(base::ErrorCode::kProtocol, "malformed message: larger than any may be");
  }
  return std::string_view(buffer.data(), length);
}

void PacketSocket::shut() const { ::shutdown(fd_.get(), SHUT_RDWR); }

}  // namespace worker::sandbox
