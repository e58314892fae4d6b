// PacketSocket: one end of the socket between a child and its parent. A packet sent is a packet
// received, whole; the kernel holds back a sender that is faster than its peer.
//
// Threads    send() from any thread, each packet whole; receive() from one at a time; shut() from
//            any, and ends what the others wait for.
// Blocking   Both wait. A peer that dies or closes its end wakes them.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace worker::sandbox {

class PacketSocket {
 public:
  // Both ends, closed on exec.
  static base::Result<std::pair<PacketSocket, base::UniqueFd>> make_pair();
  explicit PacketSocket(base::UniqueFd fd) : fd_(std::move(fd)) {}

  // Fails with kAborted when the peer is gone.
  [[nodiscard]] base::Result<void> send(std::string_view packet) const;
  // The next packet, in `buffer`; none when the peer is gone. An empty packet counts as gone. Fails
  // with kProtocol when a packet is larger than the buffer. Descriptors that ride on a packet are
  // not taken.
  base::Result<std::optional<std::string_view>> receive(std::span<char> buffer) const;

  void shut() const;

 private:
  base::UniqueFd fd_;
};

}  // namespace worker::sandbox
