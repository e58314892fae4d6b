#include "bench/load/cpu_meter.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace load {
namespace {

using std::chrono::nanoseconds;

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return {};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

nanoseconds from_timeval(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

base::Result<CpuTime> cpu_time_of_process(pid_t pid) {
  const auto gone = [pid] {
    return base::fail(base::ErrorCode::kNotFound, "no process " + std::to_string(pid));
  };
  clockid_t clock{};
  timespec spent{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) return gone();
  const nanoseconds total = std::chrono::seconds(spent.tv_sec) + nanoseconds(spent.tv_nsec);

  const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return gone();
  // Fields 14 and 15, counted behind the name, which may hold anything but ends at the last ')'.
  std::istringstream fields(stat->substr(stat->rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  const double ticks = static_cast<double>(user_ticks + system_ticks);
  const double user_share = ticks == 0 ? 1 : static_cast<double>(user_ticks) / ticks;
  const nanoseconds user(
      static_cast<nanoseconds::rep>(user_share * static_cast<double>(total.count())));
  return CpuTime{user, total - user};
}

base::Result<CpuTime> cpu_time_of_cgroup(const std::string& path) {
  if (const auto text = read_text(path + "/cpu.stat"); text && text->find("usage_usec") == 0) {
    std::istringstream fields(*text);
    CpuTime time;
    std::string name;
    std::uint64_t value = 0;
    while (fields >> name >> value) {
      if (name == "user_usec") time.user = std::chrono::microseconds(value);
      if (name == "system_usec") time.system = std::chrono::microseconds(value);
    }
    return time;
  }
  const auto user = read_text(path + "/cpuacct.usage_user");
  const auto system = read_text(path + "/cpuacct.usage_sys");
  if (!user || !system) {
    return base::fail(
        base::ErrorCode::kNotFound,
        path + " has neither cgroup v2's cpu.stat nor cgroup v1's cpuacct.usage_user");
  }
  const auto number = [](const std::string& text) {
    std::istringstream field(text);
    nanoseconds::rep value = 0;
    field >> value;
    return nanoseconds(value);
  };
  return CpuTime{number(*user), number(*system)};
}

base::Result<CpuTime> ServerCpu::read() const {
  CpuTime sum;
  for (const pid_t pid : processes) {
    const auto time = cpu_time_of_process(pid);
    if (!time) return time;
    sum += *time;
  }
  if (!cgroup.empty()) {
    const auto time = cpu_time_of_cgroup(cgroup);
    if (!time) return time;
    sum += *time;
  }
  return sum;
}

MachineTicks machine_ticks() {
  // "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guests are in user.
  MachineTicks ticks;
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  for (int i = 0; i < 8; ++i) {
    std::uint64_t value = 0;
    file >> value;
    ticks.all += value;
    if (i == 7) ticks.stolen = value;
  }
  return ticks;
}

CpuTime own_cpu_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {from_timeval(usage.ru_utime), from_timeval(usage.ru_stime)};
}

}  // namespace load
