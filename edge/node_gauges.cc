#include "edge/node_gauges.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/version.h"

namespace edge {
namespace {

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double count_of(base::Bytes bytes) { return static_cast<double>(bytes.count()); }

}  // namespace

NodeGauges::NodeGauges(base::Metrics& metrics, const cache::Store& store,
                       const http::Server& server, const AccessLog& access_log,
                       const base::ByteBudget& buffers, const std::vector<http::EventLoop*>& loops,
                       std::function<std::shared_ptr<const Revision>()> revision)
    : metrics_(metrics) {
  add("headrace_build_info", "Always 1; the version that runs.", [] { return 1.0; },
      {{"version", std::string(base::version())}});
  add("headrace_edge_config_revision",
      "Which configuration is in force; counts up with each reload.",
      [revision] { return static_cast<double>(revision()->number); });
  add("headrace_edge_loop_lag_seconds",
      "The longest that a loop kept a message waiting since the last scrape. Above 0.1: something "
      "blocks a loop, or the CPU is used up.",
      [loops] {
        std::chrono::microseconds longest{0};
        for (http::EventLoop* loop : loops) longest = std::max(longest, loop->take_lag_max());
        return std::chrono::duration<double>(longest).count();
      });
  add("headrace_edge_access_lines_dropped",
      "Access log lines lost since the start because the log's disk was too slow.",
      [&access_log] { return static_cast<double>(access_log.lines_dropped()); });
  add("headrace_process_resident_bytes",
      "Resident memory of the process. Far above cache.memory_max: a leak.", resident_bytes);

  add("headrace_edge_buffer_bytes",
      "Held for bodies on their way, buffers of connections to origins included. Near a sixteenth "
      "of "
      "cache.memory_max: many slow clients; everyone gets smaller buffers, which costs CPU.",
      [&buffers] { return count_of(buffers.held()); });

  add("headrace_http_connections", "Open client connections.",
      [&server] { return static_cast<double>(server.stats().connections_open); });
  add("headrace_http_connections_idle", "Open client connections without a request.",
      [&server] { return static_cast<double>(server.stats().connections_idle); });
  add("headrace_http_streams", "Exchanges under way.",
      [&server] { return static_cast<double>(server.stats().streams_open); });
  add("headrace_http_buffer_bytes", "Held by connections for input and output.",
      [&server] { return static_cast<double>(server.stats().buffer_bytes); });

  add("headrace_cache_memory_bytes", "Memory in use for cached bodies.",
      [&store] { return count_of(store.stats().arena_used); });
  add("headrace_cache_memory_capacity_bytes", "Memory that cached bodies may take.",
      [&store] { return count_of(store.stats().arena_capacity); });
  add("headrace_cache_memory_records", "Records (objects, Vary rules) in memory.",
      [&store] { return static_cast<double>(store.stats().memory.records); });
  add("headrace_cache_memory_chunks", "Chunks in memory.",
      [&store] { return static_cast<double>(store.stats().memory.chunks); });
  add("headrace_cache_memory_evictions",
      "Entries that have left memory since the start for others to come in.",
      [&store] { return static_cast<double>(store.stats().memory.evictions); });
  add("headrace_cache_purge_sequence", "Number of the newest purge.",
      [&store] { return static_cast<double>(store.stats().purge_sequence); });
}

NodeGauges::~NodeGauges() {
  for (const auto& [name, labels] : names_) metrics_.remove_gauge(name, labels);
}

void NodeGauges::add(const std::string& name, const std::string& help, std::function<double()> read,
                     const base::Labels& labels) {
  metrics_.gauge(name, help, labels, std::move(read));
  names_.emplace_back(name, labels);
}

}  // namespace edge
