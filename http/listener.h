// Listener: a listening socket on one loop.
//
// One socket an address, watched by one loop, which hands each connection to the loop that has the
// fewest. Connections here live long and weigh much, so their balance matters more than the rate
// of accepting (some 100,000/s on one core): SO_REUSEPORT spreads by hash and leaves the queue of a
// busy loop to wait; EPOLLEXCLUSIVE wakes the same first loop for nearly all, and libevent does not
// offer it.
//
// Threads    Its loop's only; open_listening_socket() anywhere.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/event_loop.h"
#include "http/exchange.h"

namespace http {

struct ListeningSocket {
  base::UniqueFd socket;
  std::uint16_t port = 0;
};

// "127.0.0.1:8080" or "[::1]:8080"; port 0 lets the system choose.
bool is_listen_address(const std::string& text);
// Errors as Server::listen().
base::Result<ListeningSocket> open_listening_socket(const std::string& address);

// Numeric address and port; an IPv4 client of an IPv6 socket is shown as IPv4.
Peer peer_of(const sockaddr_storage& address);

class Listener {
 public:
  using OnAccept = std::function<void(base::UniqueFd socket, const sockaddr_storage& from)>;

  Listener(EventLoop& loop, base::UniqueFd socket, OnAccept on_accept);

 private:
  void accept_ready();

  base::UniqueFd socket_;
  OnAccept on_accept_;
  Timer resume_;
  Io io_;
};

}  // namespace http
