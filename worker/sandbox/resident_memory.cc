#include "worker/sandbox/resident_memory.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace worker::sandbox {

std::optional<base::Bytes> resident_memory(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t reserved = 0;
  std::uint64_t resident = 0;
  if (!(statm >> reserved >> resident)) return std::nullopt;
  return base::Bytes(resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace worker::sandbox
