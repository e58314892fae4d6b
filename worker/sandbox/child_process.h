// child_process: runs one task in a confined child, from start to Exit.
//
// The child is this same program with a hidden subcommand, which calls run_confined()
// (child_session.h). Here is its keeper: serves it the source, takes its outputs, and ends it when
// it is too slow, too large, silent, out of order, or no longer wanted.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "worker/sandbox/byte_source.h"
#include "worker/sandbox/conversation.h"
#include "worker/sandbox/exit.h"
#include "worker/sandbox/limits.h"
#include "worker/sandbox/protections.h"
#include "worker/sandbox/result_sink.h"

namespace worker::sandbox {

struct ChildSpec {
  std::string executable = "/proc/self/exe";
  std::vector<std::string> arguments;  // The hidden subcommand; the program's name is put before.
  std::string order;                   // What to do, at most kPayloadMax bytes.

  Limits limits;                       // The child's own.
  base::Bytes memory_max{2ULL << 30};  // What it may hold, looked at every kTick.
  std::chrono::milliseconds run_time_max{std::chrono::minutes(30)};     // Source's time included.
  std::chrono::milliseconds progress_gap_max{std::chrono::minutes(1)};  // Source's time left out.
  std::chrono::milliseconds linger_max{5'000};  // From its last message to its end.
  ConversationLimits conversation;
  Protections required = Protections::required();
};

// Blocks until the child has ended and `source` and `sink`, which are called by another thread, are
// called no more. `stop` kills the child. Any thread may call it, and several at a time, each for
// a child of its own.
Exit run_in_child(const ChildSpec& spec, ByteSource& source, ResultSink& sink,
                  const std::stop_token& stop = {});

}  // namespace worker::sandbox
