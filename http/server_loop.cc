#include "http/server_loop.h"

#include <string>
#include <utility>

namespace http {
namespace {

constexpr std::chrono::seconds kTick{1};

}  // namespace

ServerLoop::ServerLoop(EventLoop& loop, Handler handler, base::Metrics& metrics,
                       base::ByteBudget* buffers)
    : loop_(loop),
      handler_(std::move(handler)),
      metrics_(metrics),
      handshake_failures_(metrics.counter(
          "headrace_http_tls_handshake_failures_total",
          "TLS handshakes that failed. Many: a certificate that clients refuse, or scanners.")),
      buffers_(buffers),
      tick_timer_(loop, [this] {
        tick(loop_.now());
        if (!connections_.empty()) tick_timer_.arm(kTick);
      }) {}

ServerLoop::~ServerLoop() {
  // Each ends its exchanges, whose Responders may still look at the loop.
  while (!connections_.empty()) connections_.pop_back();
}

void ServerLoop::accept(Accepted accepted, std::shared_ptr<const Limits> limits) {
  connections_.push_back(
      std::make_unique<Connection>(*this, std::move(accepted), std::move(limits)));
  Connection& connection = *connections_.back();
  connection.index = connections_.size() - 1;
  if (!tick_timer_.armed()) tick_timer_.arm(kTick);
  if (draining_) connection.drain();
}

void ServerLoop::drain() {
  draining_ = true;
  for (const auto& connection : connections_) connection->drain();
}

void ServerLoop::tick(base::MonoTime now) {
  std::uint64_t idle = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;
  // Backwards: a connection that is removed leaves its place to the last one.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const Connection& connection = *connections_[i];
    idle += connection.idle() ? 1 : 0;
    exchanges += connection.exchanges();
    bytes += connection.buffer_bytes();
    connections_[i]->tick(now);
  }
  sums_.idle = idle;
  sums_.exchanges = exchanges;
  sums_.buffer_bytes = bytes;
}

void ServerLoop::count_limit(std::string_view limit) {
  metrics_
      .counter("headrace_http_limit_total",
               "Clients ended by a limit, by the limit's name in [limits]. Rising with honest "
               "traffic: the limit is too tight.",
               {{"limit", std::string(limit)}})
      .add();
}

void ServerLoop::remove(Connection& connection) {
  const std::size_t index = connection.index;
  const std::unique_ptr<Connection> gone = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = index;
  }
  connections_.pop_back();
  count_lost();
}

}  // namespace http
