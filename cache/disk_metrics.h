// DiskMetrics: what the disk tier counts. Every series is named and explained in the .cc, once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metrics.h"

namespace cache {

struct DiskMetrics {
  explicit DiskMetrics(base::Metrics& metrics);

  base::Counter& chunks_written;
  base::Counter& chunks_rewritten;
  base::Counter& chunks_dropped;
  base::Counter& bytes_admitted;
  base::Counter& bytes_written;
  base::Counter& bytes_rewritten;
  base::Counter& corrupt;
  base::Counter& errors;
  base::Counter& regions_reclaimed;
  base::Counter& index_set_aside;
  base::Histogram& read_seconds;
  base::Histogram& write_seconds;
  base::Histogram& purge_seconds;
};

// Gauges that go away with their owner.
class DiskGauges {
 public:
  explicit DiskGauges(base::Metrics& metrics) : metrics_(metrics) {}
  DiskGauges(const DiskGauges&) = delete;
  DiskGauges& operator=(const DiskGauges&) = delete;
  ~DiskGauges();

  void add(const std::string& name, const std::string& help, std::function<double()> read);

 private:
  base::Metrics& metrics_;
  std::vector<std::string> names_;
};

}  // namespace cache
