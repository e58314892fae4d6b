#include "worker/sandbox/exit.h"

namespace worker::sandbox {

std::string_view name_of(Exit::Kind kind) {
  switch (kind) {
    case Exit::Kind::kOk:
      return "ok";
    case Exit::Kind::kFailed:
      return "failed";
    case Exit::Kind::kCrashed:
      return "crashed";
    case Exit::Kind::kTimedOut:
      return "timed_out";
    case Exit::Kind::kKilled:
      return "killed";
    case Exit::Kind::kAborted:
      return "aborted";
  }
  return "unknown";
}

}  // namespace worker::sandbox
