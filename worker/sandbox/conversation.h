// Conversation: the parent's half of the talk with one child: serves the source's bytes, takes the
// outputs in, hears how it ended.
//
// Every field from the child is untrusted. What breaks a rule ends the conversation with a reason,
// and the child is to be killed: a decoder that runs our code has no way to break one.
//
// Threads   serve() on its own; stop() and the questions from any other.
// Blocking  serve() returns when the child hangs up or breaks a rule, when source or sink fail, and
//           on stop(); at the latest when the call of the source or sink that is under way returns.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "worker/sandbox/byte_source.h"
#include "worker/sandbox/message_rate.h"
#include "worker/sandbox/packet_socket.h"
#include "worker/sandbox/result_sink.h"
#include "worker/sandbox/window.h"

namespace worker::sandbox {

struct ConversationLimits {
  // A task reads a part of the source once, and the same part again when its reader jumps between
  // more places than the window has blocks.
  std::uint32_t source_reads_max = 8;           // Times the source's size, …
  base::Bytes source_read_floor{256ULL << 20};  // … but at least so much.
  std::uint32_t outputs_max = 4'096;            // Of one task.
  std::uint32_t outputs_open_max = 64;          // At a time.
  base::Bytes output_max{256ULL << 20};         // One.
  base::Bytes outputs_total_max{8ULL << 30};    // All of one task.
  std::uint32_t messages_per_second = 4'000;    // At 64 KiB each: 260 MB/s.
  std::uint32_t messages_burst = 8'000;
};

// How a conversation ended. At most one of the first four.
struct Outcome {
  std::optional<std::string> result;       // The child said Done.
  std::optional<base::Error> failure;      // The child said Failed.
  std::optional<std::string> broken_rule;  // The child did what it may not.
  std::optional<base::Error> ours;         // The source or the sink failed.
  Protections in_force;                    // As the child reported; none before Ready.
};

class Conversation {
 public:
  // Will not serve a child that lacks one of the `required` protections.
  Conversation(PacketSocket socket, Window window, ByteSource& source, ResultSink& sink,
               Protections required, const ConversationLimits& limits);

  base::Result<void> begin(const Order& order);  // Before serve().
  Outcome serve();
  void stop();

  // The last moment at which the child came further: a later decoded pts or a byte of output. The
  // time it waits for the source or the sink does not count against it.
  [[nodiscard]] base::MonoTime last_progress() const;
  [[nodiscard]] bool is_over() const { return is_over_.load(); }

 private:
  struct Output {
    base::Bytes written;
  };

  bool handle(const FromChild& message);  // False: over.
  bool on(const Ready& message);
  bool on(const Read& message);
  bool on(const Progress& message);
  bool on(const OutputOpen& message);
  bool on(const OutputBytes& message);
  bool on(const OutputClose& message);
  bool on(const Done& message);
  bool on(const Failed& message);
  bool break_off(std::string rule);
  bool give_up(const base::Error& error);
  // Calls the source or the sink, which may take their time; gives up when they fail.
  template <class Call>
  bool on_our_time(Call call);
  void come_further();

  PacketSocket socket_;
  Window window_;
  ByteSource& source_;
  ResultSink& sink_;
  const Protections required_;
  const ConversationLimits limits_;
  base::Bytes source_read_left_;
  base::Bytes outputs_left_;
  std::unordered_map<std::uint32_t, Output> open_;
  std::set<std::string, std::less<>> names_;
  std::chrono::microseconds decoded_{-1};
  bool ready_ = false;
  Outcome outcome_;

  // MonoTime as a count, for the thread that watches.
  std::atomic<base::MonoTime::rep> last_progress_;
  std::atomic<base::MonoTime::rep> on_our_time_since_{0};  // 0: the child's time.
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> stopped_ = false;
};

}  // namespace worker::sandbox
