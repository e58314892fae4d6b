#include "bench/load/runner.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace load {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kHandshakesMax = 256;  // At once: more would only overflow listen queues.
constexpr std::size_t kBacklogMax = 1'000'000;
constexpr milliseconds kReopenDelay{50};
constexpr milliseconds kTimeoutCheck{100};
constexpr std::chrono::seconds kOpeningMax{60};

}  // namespace

Runner::Runner(const RawOptions& options, Target target, const std::atomic<bool>& interrupted)
    : options_(options),
      target_(std::move(target)),
      interrupted_(interrupted),
      planner_(options),
      arrival_random_(options.seed + 1),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  CHECK(epoll_ >= 0);
  Connection::Owner& owner = *this;
  const auto add = [this, &owner](std::size_t count, Role role) {
    for (std::size_t i = 0; i < count; ++i) {
      to_open_.push_back(connections_.size());
      connections_.push_back(
          std::make_unique<Connection>(target_, owner, connections_.size(), role));
    }
  };
  // Those that only hold a place come first, so that they are there before the load is.
  add(options.idle, Role::kIdle);
  add(options.stalled, Role::kStalled);
  add(options.connections, Role::kReader);
  is_free_.resize(connections_.size());
}

Runner::~Runner() {
  phase_ = Phase::kOver;
  for (auto& connection : connections_) connection->close();
  ::close(epoll_);
}

base::Result<Tally> Runner::run() {
  now_ = std::chrono::steady_clock::now();
  next_timeout_check_ = now_ + kTimeoutCheck;
  phase_end_ = now_ + kOpeningMax;
  while (phase_ != Phase::kOver) {
    if (auto stepped = step(); !stepped) {
      phase_ = Phase::kOver;
      return std::unexpected(stepped.error());
    }
  }
  return tally_;
}

base::Result<void> Runner::step() {
  now_ = std::chrono::steady_clock::now();
  if (auto advanced = advance_phase(); !advanced || phase_ == Phase::kOver) return advanced;
  open_connections();
  if (ready_ == 0 && failures_to_open_ >= std::min<std::size_t>(connections_.size(), 3)) {
    return base::fail(
        base::ErrorCode::kUnreachable,
        "cannot connect to " + options_.objects.authority + ": " + last_failure_to_open_);
  }
  if (is_open_loop() && phase_ != Phase::kDrain && phase_ != Phase::kOpening) add_arrivals();
  if (!backlog_.empty()) dispatch();
  if (now_ >= next_timeout_check_) check_timeouts();
  return wait_for_events();
}

base::Result<void> Runner::advance_phase() {
  if (interrupted_ && phase_ != Phase::kDrain) {
    tally_.is_cut_short = true;
    if (phase_ != Phase::kMeasure) {
      return base::fail(base::ErrorCode::kAborted, "interrupted before anything was measured");
    }
    if (auto ended = end_window(); !ended) return ended;
    phase_ = Phase::kOver;
    return {};
  }
  if (phase_ == Phase::kOpening) {
    // Without a warm-up the window includes the handshakes, as h2load's does.
    const bool at_once = options_.warm_up.count() == 0 && !options_.together;
    if (!at_once && (options_.together ? ready_ < connections_.size() : ready_ == 0)) {
      if (now_ < phase_end_) return {};
      return base::fail(base::ErrorCode::kTimeout, "only " + std::to_string(ready_) + " of " +
                                                       std::to_string(connections_.size()) +
                                                       " connections opened");
    }
    phase_ = Phase::kWarmUp;
    phase_end_ = now_ + options_.warm_up;
    next_arrival_ = now_;
    if (options_.warm_up.count() == 0) return begin_window();
    for (auto& connection : connections_) serve(*connection);
    return {};
  }
  if (phase_ == Phase::kWarmUp && now_ >= phase_end_) return begin_window();
  if (phase_ == Phase::kMeasure) {
    const bool all_finished = options_.requests && finished_ >= *options_.requests;
    if (!all_finished && now_ < phase_end_) return {};
    tally_.is_cut_short = options_.requests && !all_finished;
    if (auto ended = end_window(); !ended) return ended;
    phase_ = is_open_loop() ? Phase::kDrain : Phase::kOver;
    phase_end_ = now_ + options_.drain;
  }
  if (phase_ == Phase::kDrain && (now_ >= phase_end_ || (outstanding_ == 0 && backlog_.empty()))) {
    count_unfinished();
    phase_ = Phase::kOver;
  }
  return {};
}

base::Result<void> Runner::begin_window() {
  if (options_.server.is_known()) {
    const auto read = options_.server.read();
    if (!read) return std::unexpected(read.error());
    server_cpu_start_ = *read;
  }
  client_cpu_start_ = own_cpu_time();
  ticks_start_ = machine_ticks();
  phase_ = Phase::kMeasure;
  now_ = std::chrono::steady_clock::now();
  window_start_ = now_;
  window_end_ = Time::max();
  phase_end_ = now_ + options_.duration.value_or(kDurationMax);
  for (auto& connection : connections_) serve(*connection);
  return {};
}

base::Result<void> Runner::end_window() {
  window_end_ = now_;
  tally_.window = window_end_ - window_start_;
  if (options_.server.is_known()) {
    const auto read = options_.server.read();
    if (!read) return std::unexpected(read.error());
    tally_.server_cpu = *read - server_cpu_start_;
  }
  tally_.client_cpu = own_cpu_time() - client_cpu_start_;
  const MachineTicks ticks = machine_ticks();
  if (ticks.all > ticks_start_.all) {
    tally_.steal_percent = 100.0 * static_cast<double>(ticks.stolen - ticks_start_.stolen) /
                           static_cast<double>(ticks.all - ticks_start_.all);
  }
  for (const auto& connection : connections_) {
    if (connection->state() != Connection::State::kOpen) continue;
    if (connection->role() == Role::kStalled) ++tally_.stalled_open;
    if (connection->role() == Role::kIdle) ++tally_.idle_open;
  }
  return {};
}

void Runner::count_unfinished() {
  for (const Plan& plan : backlog_) {
    if (plan.due >= window_start_ && plan.due < window_end_) {
      ++tally_.failures_of(Failure::kUnsent);
    }
  }
  for (auto& connection : connections_) {
    if (connection->role() != Role::kReader) continue;
    for (const Exchange& exchange : connection->exchanges()) {
      if (exchange.active && counts(exchange)) ++tally_.failures_of(Failure::kTimeout);
    }
  }
}

void Runner::open_connections() {
  if (now_ < open_again_at_) return;
  while (!to_open_.empty() && handshaking_ < kHandshakesMax && now_ >= open_again_at_) {
    Connection& connection = *connections_[to_open_.front()];
    to_open_.pop_front();
    if (auto opened = connection.open(epoll_, now_); opened) {
      ++handshaking_;
    } else {
      ++failures_to_open_;
      last_failure_to_open_ = opened.error().context;
      if (in_window()) ++tally_.failures_of(Failure::kConnect);
      to_open_.push_back(connection.index());
      open_again_at_ = now_ + kReopenDelay;
    }
  }
}

void Runner::on_open(Connection& connection) {
  --handshaking_;
  ++ready_;
  ++tally_.connections_opened;
  const Transport& transport = connection.transport();
  std::string negotiated = connection.is_http2() ? "h2" : "http/1.1";
  if (!transport.cipher().empty()) {
    negotiated.append(" ").append(transport.tls_version()).append(" ").append(transport.cipher());
  }
  ++tally_.negotiated[negotiated];
  if (phase_ != Phase::kOpening || !options_.together) feed(connection);
}

void Runner::on_connection_over(Connection& connection) {
  const bool was_open = connection.state() == Connection::State::kOpen;
  const bool was_announced = connection.is_spent();
  const std::string failure = connection.failure();
  if (!was_open) --handshaking_;
  connection.close();
  if (phase_ == Phase::kOver) return;
  if (was_open) {
    if (!was_announced) ++tally_.connections_lost;
    if (connection.role() != Role::kReader) return;  // Its place is lost: that is the finding.
  } else {
    ++failures_to_open_;
    last_failure_to_open_ = failure;
    if (in_window()) ++tally_.failures_of(Failure::kConnect);
    open_again_at_ = now_ + kReopenDelay;
  }
  to_open_.push_back(connection.index());
}

void Runner::serve(Connection& connection) {
  if (connection.state() != Connection::State::kOpen) return;
  feed(connection);
  if (!connection.flush()) on_connection_over(connection);
}

Time Runner::next_wake() const {
  Time wake = std::min(next_timeout_check_, now_ + milliseconds(100));
  wake = std::min(wake, phase_end_);
  if (!to_open_.empty() && handshaking_ < kHandshakesMax) {
    wake = std::min(wake, std::max(open_again_at_, now_));
  }
  if (is_open_loop() && (phase_ == Phase::kWarmUp || phase_ == Phase::kMeasure)) {
    wake = std::min(wake, next_arrival_);
  }
  if (!again_.empty()) wake = now_;
  return wake;
}

base::Result<void> Runner::wait_for_events() {
  std::array<epoll_event, 256> events;
  const auto wait = std::max(nanoseconds(0), nanoseconds(next_wake() - now_));
  const timespec timeout{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count(),
                         .tv_nsec = (wait % std::chrono::seconds(1)).count()};
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  if (count < 0 && errno != EINTR) {
    return base::fail(base::ErrorCode::kIo, std::string("epoll: ") + std::strerror(errno));
  }
  now_ = std::chrono::steady_clock::now();
  const auto turn = [this](Connection& connection) {
    // An event may be older than the connection's end.
    if (connection.state() == Connection::State::kClosed) return;
    if (!connection.on_ready()) {
      on_connection_over(connection);
    } else if (connection.holds_bytes() && !connection.queued) {
      connection.queued = true;
      again_.push_back(connection.index());
    }
  };
  const std::vector<std::size_t> again = std::exchange(again_, {});
  for (const std::size_t index : again) connections_[index]->queued = false;
  for (int i = 0; i < count; ++i) {
    turn(*connections_[static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64)]);
  }
  for (const std::size_t index : again) {
    if (connections_[index]->holds_bytes()) turn(*connections_[index]);
  }
  return {};
}

void Runner::check_timeouts() {
  next_timeout_check_ = now_ + kTimeoutCheck;
  const Time oldest = now_ - options_.timeout;
  for (auto& connection : connections_) {
    if (connection->state() == Connection::State::kHandshake) {
      if (connection->opened_at() < oldest) on_connection_over(*connection);
      continue;
    }
    if (connection->state() != Connection::State::kOpen || connection->role() != Role::kReader) {
      continue;
    }
    bool gave_up = false;
    for (Exchange& exchange : connection->exchanges()) {
      if (!exchange.active || exchange.sent >= oldest) continue;
      connection->abandon(exchange);
      record_end(exchange, Failure::kTimeout);
      gave_up = true;
    }
    if (gave_up) serve(*connection);
  }
}

void Runner::add_arrivals() {
  while (next_arrival_ <= now_ && next_arrival_ < phase_end_) {
    if (may_issue()) {
      if (in_window()) ++issued_;
      if (backlog_.size() < kBacklogMax) {
        backlog_.push_back(planner_.next(next_arrival_));
      } else if (in_window()) {
        ++tally_.failures_of(Failure::kUnsent);
        ++finished_;
      }
    }
    const double gap = (options_.poisson ? arrival_random_.exponential() : 1) / *options_.rate;
    next_arrival_ += nanoseconds(static_cast<nanoseconds::rep>(gap * 1e9));
  }
}

void Runner::dispatch() {
  while (!backlog_.empty() && !free_.empty()) {
    Connection& connection = *connections_[free_.front()];
    free_.pop_front();
    is_free_[connection.index()] = false;
    // One at a time, so that the load is spread.
    Exchange* const exchange = connection.free_exchange();
    if (exchange == nullptr) continue;
    exchange->begin(backlog_.front(), options_.verify);
    backlog_.pop_front();
    exchange->sent = now_;
    ++outstanding_;
    connection.submit(*exchange);
    if (!connection.flush()) {
      on_connection_over(connection);
    } else if (connection.free_exchange() != nullptr) {
      is_free_[connection.index()] = true;
      free_.push_back(connection.index());
    }
  }
}

bool Runner::may_issue() const {
  if (phase_ == Phase::kOver || phase_ == Phase::kDrain) return false;
  return phase_ != Phase::kMeasure || !options_.requests || issued_ < *options_.requests;
}

std::optional<Plan> Runner::next_plan() {
  if (!backlog_.empty()) {
    Plan plan = backlog_.front();
    backlog_.pop_front();
    return plan;
  }
  if (is_open_loop() || !may_issue() || phase_ == Phase::kOpening) return {};
  if (in_window()) ++issued_;
  return planner_.next(now_);
}

void Runner::feed(Connection& connection) {
  if (connection.role() == Role::kIdle || phase_ == Phase::kOver) return;
  while (Exchange* exchange = connection.free_exchange()) {
    std::optional<Plan> plan =
        connection.role() == Role::kStalled ? std::optional(planner_.next(now_)) : next_plan();
    if (!plan) {
      if (is_open_loop() && !is_free_[connection.index()]) {
        is_free_[connection.index()] = true;
        free_.push_back(connection.index());
      }
      return;
    }
    exchange->begin(*plan, options_.verify);
    exchange->sent = now_;
    if (connection.role() == Role::kReader) ++outstanding_;
    connection.submit(*exchange);
  }
}

void Runner::on_head(Exchange& exchange, const ResponseHead& head) {
  now_ = std::chrono::steady_clock::now();
  exchange.on_head(head, now_);
}

bool Runner::on_body(Exchange& exchange, std::span<const std::byte> bytes) {
  Connection& connection = *connections_[exchange.connection];
  if (connection.role() == Role::kStalled) {
    connection.stall();
    return true;
  }
  exchange.on_body(bytes);
  if (in_window()) {
    tally_.body_bytes += bytes.size();
    if (options_.verify == Verify::kPattern && exchange.body_matches()) {
      tally_.verified_bytes += bytes.size();
    }
  }
  return !options_.seek_after || exchange.received() < options_.seek_after->count();
}

void Runner::on_exchange_end(Exchange& exchange, End end) {
  if (phase_ == Phase::kOver) return;
  Connection& connection = *connections_[exchange.connection];
  if (connection.role() != Role::kReader) return;
  now_ = std::chrono::steady_clock::now();
  switch (end) {
    case End::kComplete:
      record_end(exchange, exchange.verdict());
      break;
    case End::kStopped:
      if (counts(exchange)) ++tally_.seeks;
      record_end(exchange, exchange.verdict_so_far());
      break;
    case End::kRefused:
      ++tally_.retried;
      --outstanding_;
      backlog_.push_back(exchange.plan());
      break;
    case End::kReset:
      record_end(exchange, Failure::kReset);
      break;
    case End::kClosed:
      record_end(exchange, Failure::kClosed);
      break;
    case End::kProtocol:
      record_end(exchange, Failure::kProtocol);
      break;
  }
  feed(connection);
}

bool Runner::counts(const Exchange& exchange) const {
  if (!is_open_loop() && !options_.requests) return in_window();
  return phase_ >= Phase::kMeasure && exchange.plan().due >= window_start_ &&
         exchange.plan().due < window_end_;
}

void Runner::record_end(Exchange& exchange, std::optional<Failure> failure) {
  --outstanding_;
  if (in_window()) ++tally_.completed;
  if (!counts(exchange)) return;
  ++finished_;
  if (exchange.status() != 0) {
    ++tally_.statuses[exchange.status()];
    tally_.time_to_first_byte.record(exchange.first_byte() - exchange.plan().due);
  }
  if (failure) {
    ++tally_.failures_of(*failure);
  } else {
    ++tally_.succeeded;
    tally_.time_total.record(now_ - exchange.plan().due);
  }
}

}  // namespace load
