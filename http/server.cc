#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "http/listener.h"
#include "http/server_loop.h"
#include "http/tls_store.h"

namespace http {

// Tasks on their way to a loop hold a weak_ptr: they may still lie there when the Server is gone.
struct Server::State : std::enable_shared_from_this<Server::State> {
  // The parts of one loop. Listeners are touched on the loop only.
  struct PerLoop {
    PerLoop(EventLoop& event_loop, Handler handler, base::Metrics& metrics,
            base::ByteBudget* buffers)
        : loop(event_loop), server_loop(event_loop, std::move(handler), metrics, buffers) {}
    EventLoop& loop;
    ServerLoop server_loop;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::unique_ptr<Timer> drain_timer;
  };

  ConnectionQuota quota;  // First: the connections give their places back to it.
  std::vector<std::unique_ptr<PerLoop>> loops;
  base::Counter* accepted = nullptr;

  mutable base::Mutex mutex;
  std::shared_ptr<const Limits> limits GUARDED_BY(mutex);
  std::size_t next_listener GUARDED_BY(mutex) = 0;
  std::function<void()> on_drained GUARDED_BY(mutex);
  std::atomic<std::size_t> loops_not_draining = 0;
  std::atomic<bool> draining = false;

  std::shared_ptr<const Limits> current_limits() const {
    base::MutexLock lock(mutex);
    return limits;
  }

  void take(base::UniqueFd socket, const sockaddr_storage& from, const TlsStore* tls) {
    std::shared_ptr<const Limits> limits_now = current_limits();
    ConnectionQuota::Answer answer = quota.take(ConnectionQuota::address_of(from), *limits_now);
    if (!answer.place) {
      loops.front()->server_loop.count_limit(answer.limit);
      return;  // Closes.
    }
    Accepted connection{std::move(socket), std::move(*answer.place), peer_of(from), nullptr};
    if (tls != nullptr) {
      connection.tls = tls->context();
      if (!connection.tls) return;
    }
    accepted->add();

    PerLoop& to = **std::ranges::min_element(
        loops, {}, [](const auto& loop) { return loop->server_loop.open(); });
    to.server_loop.count_incoming();
    if (to.loop.in_loop_thread()) {
      to.server_loop.accept(std::move(connection), limits_now);
      return;
    }
    to.loop.post(
        [weak = weak_from_this(), &to, connection = std::move(connection), limits_now]() mutable {
          if (const auto self = weak.lock()) {
            to.server_loop.accept(std::move(connection), std::move(limits_now));
          }
        });
  }

  void report_drained() {
    std::function<void()> call;
    {
      base::MutexLock lock(mutex);
      call = std::exchange(on_drained, nullptr);
    }
    if (call) call();
  }

  // Connections under way between loops hold a place too, so no place taken means none anywhere.
  void report_if_empty() {
    if (draining && loops_not_draining == 0 && quota.taken() == 0) report_drained();
  }
};

Server::Server(std::span<EventLoop* const> loops, std::vector<Handler> handlers, Limits limits,
               base::Metrics& metrics, base::ByteBudget* buffers)
    : state_(std::make_shared<State>()) {
  CHECK(!loops.empty() && loops.size() == handlers.size());
  set_limits(limits);
  state_->accepted = &metrics.counter(
      "headrace_http_connections_accepted_total",
      "Connections accepted. Rising faster than requests: clients that do not keep them.");
  for (std::size_t i = 0; i < loops.size(); ++i) {
    state_->loops.push_back(
        std::make_unique<State::PerLoop>(*loops[i], std::move(handlers[i]), metrics, buffers));
  }
}

Server::~Server() {
  state_->quota.on_empty(nullptr);
  for (const auto& loop : state_->loops) CHECK(loop->loop.in_loop_thread());
}

base::Result<std::uint16_t> Server::listen(const std::string& address, const TlsStore* tls) {
  auto opened = open_listening_socket(address);
  if (!opened) return std::unexpected(std::move(opened).error());

  State::PerLoop* on = nullptr;
  {
    base::MutexLock lock(state_->mutex);
    on = state_->loops[state_->next_listener++ % state_->loops.size()].get();
  }
  on->loop.post(
      [weak = std::weak_ptr(state_), on, tls, socket = std::move(opened->socket)]() mutable {
        const auto state = weak.lock();
        if (!state || state->draining) return;
        on->listeners.push_back(std::make_unique<Listener>(
            on->loop, std::move(socket),
            [state = state.get(), tls](base::UniqueFd accepted, const sockaddr_storage& from) {
              state->take(std::move(accepted), from, tls);
            }));
      });
  return opened->port;
}

void Server::set_limits(const Limits& limits) {
  base::MutexLock lock(state_->mutex);
  state_->limits = std::make_shared<const Limits>(limits);
}

void Server::drain(std::chrono::milliseconds patience, std::function<void()> on_empty) {
  {
    base::MutexLock lock(state_->mutex);
    if (state_->draining) return;
    state_->on_drained = std::move(on_empty);
    state_->loops_not_draining = state_->loops.size();
    state_->draining = true;
  }
  state_->quota.on_empty([state = state_.get()] { state->report_if_empty(); });
  for (const auto& loop : state_->loops) {
    const bool first = loop == state_->loops.front();
    loop->loop.post([weak = std::weak_ptr(state_), to = loop.get(), first, patience] {
      const auto state = weak.lock();
      if (!state) return;
      to->listeners.clear();
      to->server_loop.drain();
      --state->loops_not_draining;
      if (first) {
        to->drain_timer =
            std::make_unique<Timer>(to->loop, [state = state.get()] { state->report_drained(); });
        to->drain_timer->arm(patience);
      }
      state->report_if_empty();
    });
  }
}

ServerStats Server::stats() const {
  ServerStats stats;
  for (const auto& loop : state_->loops) {
    const ServerLoop::Sums& sums = loop->server_loop.sums();
    stats.connections_open += loop->server_loop.open();
    stats.connections_idle += sums.idle;
    stats.streams_open += sums.exchanges;
    stats.buffer_bytes += sums.buffer_bytes;
  }
  return stats;
}

}  // namespace http
