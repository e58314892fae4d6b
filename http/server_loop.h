// ServerLoop: the connections of one event loop, their handler, their shared buffers, and the
// second's tick that enforces deadlines.
//
// Threads    accept() and drain() and everything below on the loop; the counters from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "http/connection.h"
#include "http/event_loop.h"
#include "http/exchange.h"
#include "http/loop_buffers.h"

namespace http {

class ServerLoop {
 public:
  ServerLoop(EventLoop& loop, Handler handler, base::Metrics& metrics,
             base::ByteBudget* buffers = nullptr);
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;
  ~ServerLoop();

  void accept(Accepted accepted, std::shared_ptr<const Limits> limits);
  void drain();
  void tick(base::MonoTime now);  // Called every second once there was a connection.

  // For its connections.
  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] const Handler& handler() const { return handler_; }
  [[nodiscard]] LoopBuffers& buffers() { return buffers_; }
  void count_limit(std::string_view limit);
  void count_handshake_failure() { handshake_failures_.add(); }
  void remove(Connection& connection);

  // A connection is counted from the moment that it is given to this loop, still on its way.
  void count_incoming() { open_.fetch_add(1, std::memory_order_relaxed); }
  void count_lost() { open_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t open() const { return open_.load(std::memory_order_relaxed); }

  // As of the last tick.
  struct Sums {
    std::atomic<std::uint64_t> idle = 0;
    std::atomic<std::uint64_t> exchanges = 0;
    std::atomic<std::uint64_t> buffer_bytes = 0;
  };
  [[nodiscard]] const Sums& sums() const { return sums_; }

 private:
  EventLoop& loop_;
  const Handler handler_;
  base::Metrics& metrics_;
  base::Counter& handshake_failures_;
  LoopBuffers buffers_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Timer tick_timer_;
  bool draining_ = false;
  std::atomic<std::uint64_t> open_ = 0;
  Sums sums_;
};

}  // namespace http
