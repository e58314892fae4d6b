// Limits: what a child may use of the machine. The parent chooses them, the child puts them on
// itself before it reads an untrusted byte, and cannot raise them again.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/bytes.h"

namespace worker::sandbox {

struct Limits {
  // RLIMIT_AS: address space, not memory in use. A thread's stack and arena alone reserve 136 MiB,
  // so this is far above what the parent lets the child hold (ChildSpec::memory_max). Not applied
  // in sanitizer builds, whose shadow takes terabytes of it.
  base::Bytes address_space{std::uint64_t{8} << 30};
  std::chrono::seconds cpu_time{3600};  // RLIMIT_CPU, of all its threads together.
  std::uint32_t threads = 64;  // RLIMIT_NPROC; only where a user namespace counts it apart.
};

}  // namespace worker::sandbox
