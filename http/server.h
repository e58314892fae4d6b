// Server: listening sockets on N event loops, and the connections accepted there.
//
// HTTP/1.0, HTTP/1.1 and h2c with prior knowledge on plain addresses; TLS 1.2/1.3 with ALPN h2 and
// http/1.1 on TLS addresses. A connection stays on the loop that accepted it.
//
// Ownership  The loops, the TLS store and the handlers outlive the Server. Destroy it after the
//            loops have stopped.
// Threads    listen(), drain() and the counters from any thread; handlers run on their loop.
// Errors     listen() fails with kBusy (address in use), kDenied, kInvalid (not an address).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_budget.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/exchange.h"
#include "http/limits.h"

namespace http {

class EventLoop;
class TlsStore;

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_idle = 0;
  std::uint64_t streams_open = 0;
  std::uint64_t buffer_bytes = 0;  // Held by connections: input, output, TLS records.
};

class Server {
 public:
  // One handler per loop, in the order of `loops`. `buffers`: what connections' output buffers
  // count in; null: unbounded.
  Server(std::span<EventLoop* const> loops, std::vector<Handler> handlers, Limits limits,
         base::Metrics& metrics, base::ByteBudget* buffers = nullptr);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // "127.0.0.1:8080", "[::1]:0"; returns the port, chosen by the system when 0 was asked.
  // `tls` null: plain.
  base::Result<std::uint16_t> listen(const std::string& address, const TlsStore* tls);

  // New limits for connections from now on.
  void set_limits(const Limits& limits);

  // Stops accepting; asks every client to go (GOAWAY, Connection: close) and lets exchanges under
  // way finish. `on_empty` runs on some loop when the last connection is gone or after `patience`,
  // whichever is first. Once: later calls change nothing.
  void drain(std::chrono::milliseconds patience, std::function<void()> on_empty);

  [[nodiscard]] ServerStats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace http
