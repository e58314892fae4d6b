// ChildSession: what runs inside the sandbox, from its first instruction to its last.
//
//   // The hidden subcommand's main:
//   run_confined([](ChildSession& session) { return transcode(session); });
//
// The descriptors are those of confine.h. By the time the work begins the process is confined and
// the parent knows how well; work that returns an error becomes the child's Failed, and so does
// memory that ran out. The process ends with _exit: nothing of it outlives its last message.
//
// Threads  source() one at a time; the rest from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "worker/sandbox/messages.h"
#include "worker/sandbox/packet_socket.h"
#include "worker/sandbox/source_reader.h"

namespace worker::sandbox {

class ChildSession;

// The result of the work becomes Done, at most kPayloadMax bytes. Exit code 0 when the parent was
// told how it went, be it Done or Failed.
[[noreturn]] void run_confined(
    std::move_only_function<base::Result<std::string>(ChildSession&)> work);

class ChildSession {
 public:
  [[nodiscard]] const std::string& order() const { return order_; }
  [[nodiscard]] SourceReader& source() { return *source_; }

  // Cheap enough to be called for every frame: at most one message in kProgressPause.
  base::Result<void> progress(std::chrono::microseconds decoded);

  // An output of the task; write() takes any length. All must be closed when the work is done.
  base::Result<std::uint32_t> open_output(OutputKind kind, std::string_view name);
  base::Result<void> write(std::uint32_t output, std::string_view bytes);
  base::Result<void> close(std::uint32_t output);

 private:
  friend void run_confined(std::move_only_function<base::Result<std::string>(ChildSession&)> work);

  explicit ChildSession(const PacketSocket& socket) : socket_(socket) {}
  // Takes the order, confines the process, tells the parent. Irreversible.
  base::Result<void> start();
  base::Result<void> send(const FromChild& message) const;

  const PacketSocket& socket_;
  std::optional<SourceReader> source_;
  std::string order_;
  std::atomic<std::int64_t> progress_due_{0};  // Nanoseconds of the steady clock.
  std::atomic<std::uint32_t> next_output_{0};
};

inline constexpr std::chrono::milliseconds kProgressPause{200};

}  // namespace worker::sandbox
