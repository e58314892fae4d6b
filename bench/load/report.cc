#include "bench/load/report.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace load {
namespace {

using std::chrono::nanoseconds;

constexpr std::array kPercentiles = {50.0, 90.0, 99.0, 99.9};
constexpr double kBytesPerGigabyte = 1e9;

double seconds(nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }
double milliseconds(nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

double per(double sum, double count) { return count == 0 ? 0 : sum / count; }

std::string latency_line(std::string_view name, const Histogram& times) {
  std::string line = fmt::format("{:<22}", name);
  for (const double percent : kPercentiles) {
    line += fmt::format("p{} {:.3f}  ", percent, milliseconds(times.percentile(percent)));
  }
  return line + fmt::format("max {:.3f} ms\n", milliseconds(times.max()));
}

nlohmann::json latency_json(const Histogram& times) {
  nlohmann::json json = {{"count", times.count()},
                         {"min", milliseconds(times.min())},
                         {"mean", milliseconds(times.mean())},
                         {"max", milliseconds(times.max())}};
  for (const double percent : kPercentiles) {
    json[fmt::format("p{}", percent)] = milliseconds(times.percentile(percent));
  }
  return json;
}

}  // namespace

std::string report_text(const Tally& tally) {
  const double window = seconds(tally.window);
  const auto completed = static_cast<double>(tally.completed);
  const auto bytes = static_cast<double>(tally.body_bytes);
  std::string text;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{:<22}{:.3f} s{}\n", "window", window,
                 tally.is_cut_short ? " (cut short)" : "");
  for (const auto& [negotiated, connections] : tally.negotiated) {
    fmt::format_to(out, "{:<22}{} on {} connections\n", "protocol", negotiated, connections);
  }
  fmt::format_to(out, "{:<22}{} in the window, {:.1f}/s\n", "requests", tally.completed,
                 per(completed, window));
  fmt::format_to(out, "{:<22}{} ok, {} failed, {} retried, {} left midway\n", "outcomes",
                 tally.succeeded, tally.failed(), tally.retried, tally.seeks);
  for (std::size_t i = 0; i < kFailures; ++i) {
    if (tally.failures[i] == 0) continue;
    fmt::format_to(out, "{:<22}{}\n", fmt::format("  {}", name_of(static_cast<Failure>(i))),
                   tally.failures[i]);
  }
  for (const auto& [status, count] : tally.statuses) {
    fmt::format_to(out, "{:<22}{}\n", fmt::format("  status {}", status), count);
  }
  fmt::format_to(out, "{:<22}{:.0f} bytes, {:.3f} GB/s, {} verified\n", "bodies", bytes,
                 per(bytes, window) / kBytesPerGigabyte, tally.verified_bytes);
  text += latency_line("time to first byte", tally.time_to_first_byte);
  text += latency_line("time in all", tally.time_total);
  fmt::format_to(out, "{:<22}{} opened, {} lost, {} stalled and {} idle at the end\n",
                 "connections", tally.connections_opened, tally.connections_lost,
                 tally.stalled_open, tally.idle_open);
  if (tally.server_cpu) {
    const double cpu = seconds(tally.server_cpu->total());
    fmt::format_to(out, "{:<22}{:.3f} s ({:.3f} user, {:.3f} system)", "server CPU", cpu,
                   seconds(tally.server_cpu->user), seconds(tally.server_cpu->system));
    fmt::format_to(out, ", {:.2f} µs/request, {:.3f} s/GB\n", per(cpu * 1e6, completed),
                   per(cpu, bytes / kBytesPerGigabyte));
  }
  fmt::format_to(out, "{:<22}{:.3f} s of this tool; {:.2f} % stolen from the machine\n", "CPU",
                 seconds(tally.client_cpu.total()), tally.steal_percent);
  return text;
}

std::string report_json(const RawOptions& options, const Tally& tally) {
  const double window = seconds(tally.window);
  const auto completed = static_cast<double>(tally.completed);
  const auto bytes = static_cast<double>(tally.body_bytes);
  nlohmann::json failures = nlohmann::json::object();
  for (std::size_t i = 0; i < kFailures; ++i) {
    failures[std::string(name_of(static_cast<Failure>(i)))] = tally.failures[i];
  }
  nlohmann::json statuses = nlohmann::json::object();
  for (const auto& [status, count] : tally.statuses) statuses[std::to_string(status)] = count;
  nlohmann::json json = {{"server", options.objects.authority},
                         {"window_seconds", window},
                         {"cut_short", tally.is_cut_short},
                         {"negotiated", tally.negotiated},
                         {"requests",
                          {{"completed", tally.completed},
                           {"per_second", per(completed, window)},
                           {"succeeded", tally.succeeded},
                           {"failed", tally.failed()},
                           {"retried", tally.retried},
                           {"left_midway", tally.seeks}}},
                         {"failures", std::move(failures)},
                         {"statuses", std::move(statuses)},
                         {"body",
                          {{"bytes", tally.body_bytes},
                           {"verified_bytes", tally.verified_bytes},
                           {"bytes_per_second", per(bytes, window)}}},
                         {"time_to_first_byte_ms", latency_json(tally.time_to_first_byte)},
                         {"time_total_ms", latency_json(tally.time_total)},
                         {"connections",
                          {{"opened", tally.connections_opened},
                           {"lost", tally.connections_lost},
                           {"stalled_open", tally.stalled_open},
                           {"idle_open", tally.idle_open}}},
                         {"client_cpu_seconds", seconds(tally.client_cpu.total())},
                         {"steal_percent", tally.steal_percent}};
  if (tally.server_cpu) {
    const double cpu = seconds(tally.server_cpu->total());
    json["server_cpu"] = {{"seconds", cpu},
                          {"user_seconds", seconds(tally.server_cpu->user)},
                          {"system_seconds", seconds(tally.server_cpu->system)},
                          {"microseconds_per_request", per(cpu * 1e6, completed)},
                          {"seconds_per_gigabyte", per(cpu, bytes / kBytesPerGigabyte)}};
  }
  return json.dump(2) + "\n";
}

base::Result<void> write_report(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out) return base::fail(base::ErrorCode::kIo, file + ": " + std::strerror(errno));
  return {};
}

}  // namespace load
