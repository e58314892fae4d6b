// Tally: what a load run counted, and when.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bench/load/cpu_meter.h"
#include "bench/load/failure.h"
#include "bench/load/histogram.h"

namespace load {

struct Tally {
  // What happened within the measured window: for throughput and for the server's CPU.
  std::chrono::nanoseconds window{0};
  std::uint64_t completed = 0;   // Responses that ended, right or wrong.
  std::uint64_t body_bytes = 0;  // That arrived.
  std::uint64_t verified_bytes = 0;
  std::optional<CpuTime> server_cpu;
  CpuTime client_cpu;
  double steal_percent = 0;

  // The measured requests: those that were due within the window; in a closed loop bounded by time,
  // those that ended within it.
  std::uint64_t succeeded = 0;
  std::array<std::uint64_t, kFailures> failures{};
  std::map<int, std::uint64_t> statuses;
  std::uint64_t seeks = 0;  // Left by us, as asked: not failures.
  Histogram time_to_first_byte;
  Histogram time_total;

  // The whole run.
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_lost = 0;  // Ended by the server, unannounced.
  std::uint64_t retried = 0;           // The server had not looked at the request.
  std::uint64_t stalled_open = 0;      // At the end of the window.
  std::uint64_t idle_open = 0;
  std::map<std::string, std::uint64_t> negotiated;  // "h2 TLSv1.3 TLS_AES_128_GCM_SHA256".
  bool is_cut_short = false;  // Not all requests were made in the longest time allowed.

  [[nodiscard]] std::uint64_t failed() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : failures) sum += count;
    return sum;
  }
  std::uint64_t& failures_of(Failure failure) {
    return failures[static_cast<std::size_t>(failure)];
  }
};

}  // namespace load
