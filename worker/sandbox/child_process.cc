#include "worker/sandbox/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

#include "base/thread.h"
#include "worker/sandbox/confine.h"
#include "worker/sandbox/packet_socket.h"
#include "worker/sandbox/resident_memory.h"
#include "worker/sandbox/spawn.h"
#include "worker/sandbox/standard_error.h"
#include "worker/sandbox/verdict.h"
#include "worker/sandbox/window.h"

namespace worker::sandbox {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{50};  // How often memory, deadlines and `stop` are looked at.

base::MonoTime now() { return std::chrono::steady_clock::now(); }

// No PATH, no HOME, no proxy, no LD_PRELOAD, no token: nothing of the parent's.
std::vector<std::string> environment() {
  return {
      "LC_ALL=C",
      // Pictures in huge pages: 4 to 6 % less CPU time for decoding and the whole (docs/media.md).
      "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
      // In sanitizer builds: symbolizing would start a program, looking for leaks would trace.
      "ASAN_OPTIONS=symbolize=0:detect_leaks=0", "UBSAN_OPTIONS=symbolize=0",
      "TSAN_OPTIONS=symbolize=0"};
}

Exit not_started(const base::Error& error) {
  Seen seen;
  seen.outcome.ours = error;
  return judge(seen);
}

// Watches one child until it has ended. Returns why it was killed, if it was.
class Watch {
 public:
  Watch(const ChildSpec& spec, const Spawned& child, const Conversation& conversation,
        StandardError& standard_error, const std::stop_token& stop)
      : spec_(spec),
        child_(child),
        conversation_(conversation),
        standard_error_(standard_error),
        stop_(stop),
        start_(now()) {}

  Stop until_ended() {
    Stop killed_for = Stop::kNone;
    for (bool ended = false; !ended;) {
      if (killed_for == Stop::kNone) {
        killed_for = reason_to_kill();
        if (killed_for != Stop::kNone) kill(child_);
      }
      ended = wait_a_tick();
    }
    return killed_for;
  }

 private:
  bool wait_a_tick() {  // Whether the child has ended.
    const milliseconds wait = standard_error_.pauses(now()) ? StandardError::kPause : kTick;
    std::array<pollfd, 2> polled{
        pollfd{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = standard_error_.readable(now()), .events = POLLIN, .revents = 0}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(wait.count())) <= 0) return false;
    if (polled[1].revents != 0) standard_error_.read_some(now());
    return polled[0].revents != 0;
  }

  Stop reason_to_kill() {
    const base::MonoTime at = now();
    if (stop_.stop_requested()) return Stop::kCancelled;
    if (at - start_ >= spec_.run_time_max) return Stop::kRunTime;
    if (const auto held = resident_memory(child_.pid); held && *held > spec_.memory_max) {
      return Stop::kMemory;
    }
    if (conversation_.is_over()) {
      if (over_since_ == base::MonoTime{}) over_since_ = at;
      return at - over_since_ >= spec_.linger_max ? Stop::kLingered : Stop::kNone;
    }
    const bool stuck = at - conversation_.last_progress() >= spec_.progress_gap_max;
    return stuck ? Stop::kNoProgress : Stop::kNone;
  }

  const ChildSpec& spec_;
  const Spawned& child_;
  const Conversation& conversation_;
  StandardError& standard_error_;
  const std::stop_token& stop_;
  const base::MonoTime start_;
  base::MonoTime over_since_{};
};

base::Result<Spawned> start(const ChildSpec& spec, int channel, int window, int standard_error) {
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null)
    return base::fail(base::ErrorCode::kIo, std::string("/dev/null: ") + std::strerror(errno));
  std::vector<std::string> arguments{"headrace-sandbox"};
  arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
  const std::array<int, kDescriptors> descriptors{null.get(), null.get(), standard_error, channel,
                                                  window};
  return spawn(spec.executable, std::move(arguments), environment(), descriptors);
}

}  // namespace

Exit run_in_child(const ChildSpec& spec, ByteSource& source, ResultSink& sink,
                  const std::stop_token& stop) {
  if (spec.order.size() > kPayloadMax) {
    return not_started({base::ErrorCode::kTooLarge, "the order is too long"});
  }
  auto ends = PacketSocket::make_pair();
  if (!ends) return not_started(ends.error());
  auto window = Window::make();
  if (!window) return not_started(window.error());
  auto standard_error = StandardError::make();
  if (!standard_error) return not_started(standard_error.error());

  const auto child = start(spec, ends->second.get(), window->fd(), standard_error->child_end());
  if (!child) return not_started(child.error());
  // The child's ends are the child's alone from here: its death is the end of the packets.
  ends->second.reset();
  standard_error->close_child_end();

  Conversation conversation(std::move(ends->first), *std::move(window), source, sink, spec.required,
                            spec.conversation);
  Seen seen{.run_time_max = spec.run_time_max,
            .progress_gap_max = spec.progress_gap_max,
            .cpu_time = spec.limits.cpu_time,
            .memory_max = spec.memory_max};
  base::Thread server("sandbox", [&] {
    // A child that is gone already is found out by serve().
    std::ignore = conversation.begin({::getpid(), spec.limits, source.size(), spec.order});
    seen.outcome = conversation.serve();
    if (seen.outcome.broken_rule || seen.outcome.ours) kill(*child);
  });
  const Stop stopped = Watch(spec, *child, conversation, *standard_error, stop).until_ended();
  // One that ended by itself has said something yet to be heard; one that was killed has not.
  if (stopped != Stop::kNone) conversation.stop();
  server.join();
  seen.stop = stopped;
  seen.ending = wait_for(*child);

  Exit exit = judge(seen);
  exit.standard_error = standard_error->take_tail();
  return exit;
}

}  // namespace worker::sandbox
