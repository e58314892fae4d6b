// judge(): from what was seen of a child to one Exit. A pure function: the whole of what a creator
// is told, in one place.
#pragma once

#include <chrono>

#include "base/bytes.h"
#include "worker/sandbox/conversation.h"
#include "worker/sandbox/exit.h"
#include "worker/sandbox/spawn.h"

namespace worker::sandbox {

// Why the parent killed the child; the first reason counts.
enum class Stop {
  kNone,
  kCancelled,   // The worker stops, or the lease is lost.
  kRunTime,     // ChildSpec::run_time_max.
  kNoProgress,  // ChildSpec::progress_gap_max.
  kMemory,      // ChildSpec::memory_max.
  kLingered,    // It said all it had to say, or hung up, and did not end.
};

struct Seen {
  Stop stop = Stop::kNone;
  Outcome outcome;
  Ending ending;
  std::chrono::milliseconds run_time_max{0};
  std::chrono::milliseconds progress_gap_max{0};
  std::chrono::seconds cpu_time{0};
  base::Bytes memory_max;
};

Exit judge(const Seen& seen);

}  // namespace worker::sandbox
