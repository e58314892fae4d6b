#include "bench/load/cpu_meter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace load {
namespace {

TEST(CpuMeter, SeesAProcessSpendItsTime) {
  const auto before = cpu_time_of_process(getpid());
  ASSERT_TRUE(before);
  const CpuTime start = own_cpu_time();
  while ((own_cpu_time() - start).total() < std::chrono::milliseconds(20)) {
  }
  const auto after = cpu_time_of_process(getpid());
  ASSERT_TRUE(after);
  EXPECT_GE((*after - *before).total(), std::chrono::milliseconds(15));
}

TEST(CpuMeter, SaysThatAProcessIsGone) {
  const auto time = cpu_time_of_process(0x7ffffffe);
  ASSERT_FALSE(time);
  EXPECT_EQ(time.error().code, base::ErrorCode::kNotFound);
}

TEST(CpuMeter, ReadsBothKindsOfControlGroup) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("cpu_meter_test." + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  EXPECT_FALSE(cpu_time_of_cgroup(folder));
  std::ofstream(folder / "cpuacct.usage_user") << "3000\n";
  std::ofstream(folder / "cpuacct.usage_sys") << "4000\n";
  EXPECT_EQ(cpu_time_of_cgroup(folder)->total().count(), 7000);
  std::ofstream(folder / "cpu.stat") << "usage_usec 7\nuser_usec 5\nsystem_usec 2\n";
  EXPECT_EQ(cpu_time_of_cgroup(folder)->user, std::chrono::microseconds(5));
  EXPECT_EQ(cpu_time_of_cgroup(folder)->system, std::chrono::microseconds(2));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace load
