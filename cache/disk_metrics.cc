#include "cache/disk_metrics.h"

#include <utility>

namespace cache {
namespace {

const std::vector<double> kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                      0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5};

}  // namespace

DiskMetrics::DiskMetrics(base::Metrics& metrics)
    : chunks_written(metrics.counter("headrace_cache_disk_writes_total",
                                     "Chunks stored on disk. Flat while fills go on: see drops.")),
      chunks_rewritten(metrics.counter(
          "headrace_cache_disk_rewrites_total",
          "Chunks kept by the reclaimer, as they were used. High beside writes: disk_max is small "
          "for what is popular.")),
      chunks_dropped(metrics.counter(
          "headrace_cache_disk_drops_total",
          "Chunks not stored because the queue, the disk or the budget was full. Steady growth: "
          "the disk is slower than the fills.")),
      bytes_admitted(metrics.counter("headrace_cache_disk_admitted_bytes_total",
                                     "Body bytes of chunks stored on disk. Compare with written.")),
      bytes_written(metrics.counter(
          "headrace_cache_disk_written_bytes_total",
          "Bytes written for them, padding included and the index not. Over 1.3 times the admitted "
          "ones: mostly tiny objects.")),
      bytes_rewritten(metrics.counter("headrace_cache_disk_rewritten_bytes_total",
                                      "Bytes written again by the reclaimer. See rewrites.")),
      corrupt(metrics.counter(
          "headrace_cache_disk_corrupt_total",
          "Reads that did not verify; each was a miss. A few after a power cut are normal; steady "
          "growth is a failing disk.")),
      errors(metrics.counter("headrace_cache_disk_errors_total",
                             "Calls that the disk failed. Any: look at the kernel's log.")),
      regions_reclaimed(metrics.counter("headrace_cache_disk_reclaimed_total",
                                        "Regions reclaimed. Flat while drops grow: readers hold "
                                        "regions, or nothing can be freed.")),
      index_set_aside(metrics.counter(
          "headrace_cache_index_set_aside_total",
          "Times that the index could not be read and the cache started empty. Any: look at the "
          "directory that the log names.")),
      read_seconds(metrics.histogram("headrace_cache_disk_read_seconds",
                                     "Time of one read from a region file. Tens of milliseconds: "
                                     "the disk is overloaded or failing.",
                                     kSeconds)),
      write_seconds(metrics.histogram("headrace_cache_disk_write_seconds",
                                      "Time of one write to a region file. Tens of milliseconds: "
                                      "the disk is overloaded or failing.",
                                      kSeconds)),
      purge_seconds(metrics.histogram("headrace_cache_disk_purge_seconds",
                                      "Time to make a purge durable. Above a second: the disk's "
                                      "syncs are slow.",
                                      kSeconds)) {}

DiskGauges::~DiskGauges() {
  for (const std::string& name : names_) metrics_.remove_gauge(name, {});
}

void DiskGauges::add(const std::string& name, const std::string& help,
                     std::function<double()> read) {
  metrics_.gauge(name, help, {}, std::move(read));
  names_.push_back(name);
}

}  // namespace cache
