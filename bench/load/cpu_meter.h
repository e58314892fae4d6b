// What the machine spent: the server's processes (the metric of a load run), this process, and the
// share that a hypervisor stole (a run with more than 1 % of it is not worth quoting).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace load {

struct CpuTime {
  std::chrono::nanoseconds user{0};
  std::chrono::nanoseconds system{0};
  [[nodiscard]] std::chrono::nanoseconds total() const { return user + system; }
  CpuTime& operator+=(const CpuTime& other) {
    user += other.user;
    system += other.system;
    return *this;
  }
  friend CpuTime operator-(const CpuTime& a, const CpuTime& b) {
    return {a.user - b.user, a.system - b.system};
  }
};

// All threads of a process, the ended ones included. The sum is exact to the nanosecond; its
// division between user and system is the kernel's estimate. Fails with kNotFound when there is
// none.
base::Result<CpuTime> cpu_time_of_process(pid_t pid);

// A control group's, from cgroup v1's cpuacct or v2's cpu.stat in the folder `path`.
base::Result<CpuTime> cpu_time_of_cgroup(const std::string& path);

// Sum over what was named; empty when nothing was.
struct ServerCpu {
  std::vector<pid_t> processes;
  std::string cgroup;
  [[nodiscard]] bool is_known() const { return !processes.empty() || !cgroup.empty(); }
  [[nodiscard]] base::Result<CpuTime> read() const;
};

// Of the whole machine, in clock ticks since boot.
struct MachineTicks {
  std::uint64_t all = 0;
  std::uint64_t stolen = 0;
};
MachineTicks machine_ticks();

CpuTime own_cpu_time();

}  // namespace load
