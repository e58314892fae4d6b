// Exit: what became of a child, in words for three readers: a queue that decides whether to try
// again, a creator who wants to know what is wrong with the file, an operator who reads the log.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "worker/sandbox/protections.h"
#include "worker/sandbox/spawn.h"

namespace worker::sandbox {

struct Exit {
  enum class Kind {
    kOk,        // Done, and every output is complete.
    kFailed,    // The child said that the file can't be decoded, and why.
    kCrashed,   // It died by a signal that was not ours, or ended without a word.
    kTimedOut,  // Too long in all, without progress, or on the CPU.
    kKilled,    // It took too much memory or broke a rule.
    kAborted,   // Nothing to do with the file: storage failed, this machine can't confine, we stop.
  };

  Kind kind = Kind::kAborted;
  base::ErrorCode code = base::ErrorCode::kAborted;  // When not kOk.
  std::string sentence;  // For the creator: "The file could not be decoded: …". Empty when kOk.
  std::string detail;    // For the operator: what happened, in one line.
  int signal = 0;        // When kCrashed by one.
  std::string result;    // When kOk: what the child said with Done.
  Usage usage;
  Protections in_force;        // As the child reported.
  std::string standard_error;  // Its last 8 KiB. From the child: show it escaped.
};

std::string_view name_of(Exit::Kind kind);  // "timed_out"

}  // namespace worker::sandbox
