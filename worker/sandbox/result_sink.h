// ResultSink: where a child's outputs go, as its parent decides.
//
// Everything here comes from a process that handled untrusted bytes. Names are plain (messages.h)
// and lengths are bounded (ConversationLimits); what the bytes say is believed by nobody until they
// are checked, and only an Exit of kOk says that the outputs are all there. Calls come from one
// thread, in the order the child made them; a failure ends the task.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "worker/sandbox/messages.h"

namespace worker::sandbox {

class ResultSink {
 public:
  virtual ~ResultSink() = default;

  // `id` is open from here to close(); ids of closed outputs may come again, names never.
  virtual base::Result<void> open(std::uint32_t id, OutputKind kind, std::string_view name) = 0;
  virtual base::Result<void> write(std::uint32_t id, std::string_view bytes) = 0;
  virtual base::Result<void> close(std::uint32_t id) = 0;
  // Decoding has come further: for the lease's heartbeat.
  virtual base::Result<void> progressed(std::chrono::microseconds decoded) = 0;
};

}  // namespace worker::sandbox
