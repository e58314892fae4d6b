// Runner: one load run on one thread.
//
//   phase      connections      requests                      counted
//   kOpening   being opened     none yet with `together`      no
//   kWarmUp    open             as in kMeasure                no
//   kMeasure   open             closed or open loop           yes
//   kDrain     open             open loop: no new ones        latency of those due in kMeasure
//
// Closed loop: each connection keeps `streams` requests under way. Open loop: requests fall due at
// a fixed rate; one that finds no free connection waits in a queue, and its latency counts from the
// moment it was due, so that a slow server can't hide by slowing the clients.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "base/result.h"
#include "bench/load/connection.h"
#include "bench/load/options.h"
#include "bench/load/planner.h"
#include "bench/load/tally.h"

namespace load {

class Runner final : private Connection::Owner {
 public:
  // `options` outlives it. `interrupted` may be set by a signal: the run ends and is reported.
  Runner(const RawOptions& options, Target target, const std::atomic<bool>& interrupted);
  ~Runner() override;

  // Fails when no connection could be opened, or when the server's CPU can't be read.
  base::Result<Tally> run();

 private:
  enum class Phase { kOpening, kWarmUp, kMeasure, kDrain, kOver };

  void on_open(Connection& connection) override;
  void on_head(Exchange& exchange, const ResponseHead& head) override;
  bool on_body(Exchange& exchange, std::span<const std::byte> bytes) override;
  void on_exchange_end(Exchange& exchange, End end) override;

  base::Result<void> step();
  base::Result<void> advance_phase();
  base::Result<void> begin_window();
  base::Result<void> end_window();
  void count_unfinished();

  void open_connections();
  void on_connection_over(Connection& connection);
  base::Result<void> wait_for_events();
  void serve(Connection& connection);
  void check_timeouts();

  void add_arrivals();
  void dispatch();
  void feed(Connection& connection);  // Submits what it can carry; the caller flushes.
  std::optional<Plan> next_plan();
  bool may_issue() const;
  void record_end(Exchange& exchange, std::optional<Failure> failure);
  bool counts(const Exchange& exchange) const;
  bool is_open_loop() const { return options_.rate.has_value(); }
  bool in_window() const { return phase_ == Phase::kMeasure; }
  Time next_wake() const;

  const RawOptions& options_;
  const Target target_;
  const std::atomic<bool>& interrupted_;
  Planner planner_;
  Random arrival_random_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Tally tally_;

  Phase phase_ = Phase::kOpening;
  Time now_;
  Time phase_end_;  // Of kWarmUp, kMeasure and kDrain.
  Time window_start_;
  Time window_end_;
  CpuTime server_cpu_start_;
  CpuTime client_cpu_start_;
  MachineTicks ticks_start_;

  std::deque<std::size_t> to_open_;
  Time open_again_at_;  // After a failure to connect.
  std::size_t handshaking_ = 0;
  std::size_t ready_ = 0;  // Connections that have opened once.
  std::size_t failures_to_open_ = 0;
  std::string last_failure_to_open_;

  std::deque<Plan> backlog_;      // Due, or refused by the server: to be sent first.
  std::deque<std::size_t> free_;  // Connections with room (open loop), each once.
  std::vector<bool> is_free_;
  std::vector<std::size_t> again_;  // Connections that hold bytes.
  Time next_arrival_;
  Time next_timeout_check_;
  std::uint64_t issued_ = 0;    // Requests of the window, when it is bounded by their number,
  std::uint64_t finished_ = 0;  // and those that have ended.
  std::uint64_t outstanding_ = 0;
};

}  // namespace load
