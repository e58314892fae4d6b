#include "worker/sandbox/verdict.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace worker::sandbox {
namespace {

constexpr std::string_view kNotDecoded = "The file could not be decoded";
constexpr std::string_view kNotToBlame = "Processing was interrupted; the file is not to blame.";

Exit exit_of(Exit::Kind kind, base::ErrorCode code, std::string sentence, std::string detail) {
  Exit exit;
  exit.kind = kind;
  exit.code = code;
  exit.sentence = std::move(sentence);
  exit.detail = std::move(detail);
  return exit;
}

std::string spoken(std::chrono::milliseconds time) {
  using std::chrono::minutes;
  const auto say = [](std::int64_t count, std::string_view unit) {
    return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
  };
  if (time >= minutes(2)) return say(std::chrono::duration_cast<minutes>(time).count(), "minute");
  if (time >= std::chrono::seconds(1)) {
    return say(std::chrono::duration_cast<std::chrono::seconds>(time).count(), "second");
  }
  return say(time.count(), "millisecond");
}

Exit of_stop(const Seen& seen) {
  switch (seen.stop) {
    case Stop::kRunTime:
      return exit_of(
          Exit::Kind::kTimedOut, base::ErrorCode::kTimeout,
          fmt::format("{} in the time allowed, {}.", kNotDecoded, spoken(seen.run_time_max)),
          "killed at its deadline");
    case Stop::kNoProgress:
      return exit_of(Exit::Kind::kTimedOut, base::ErrorCode::kTimeout,
                     fmt::format("{}: the decoder got no further for {}.", kNotDecoded,
                                 spoken(seen.progress_gap_max)),
                     "killed: no progress");
    case Stop::kMemory:
      return exit_of(Exit::Kind::kKilled, base::ErrorCode::kTooLarge,
                     fmt::format("{}: it needs more memory than a file may, {}.", kNotDecoded,
                                 base::to_string(seen.memory_max)),
                     "killed: over memory_max");
    case Stop::kLingered:
      return exit_of(Exit::Kind::kKilled, base::ErrorCode::kProtocol,
                     fmt::format("{}: the decoder did not end properly.", kNotDecoded),
                     "killed: it hung up and did not exit");
    case Stop::kCancelled:
    case Stop::kNone:
      break;
  }
  return exit_of(Exit::Kind::kAborted, base::ErrorCode::kAborted,
                 "Processing was stopped; it will be tried again.", "cancelled");
}

// The child had not said that it is confined, so it had not seen a byte of the file.
Exit before_the_file(const Seen& seen) {
  const std::string why = seen.outcome.failure    ? seen.outcome.failure->context
                          : seen.ending.by_signal ? fmt::format("signal {}", seen.ending.code)
                                                  : fmt::format("exit code {}", seen.ending.code);
  return exit_of(Exit::Kind::kAborted, base::ErrorCode::kUnsupported, std::string(kNotToBlame),
                 "the sandbox did not start: " + why);
}

Exit of_signal(int signal, const Seen& seen) {
  // SIGKILL follows a second later, when the first was caught.
  const bool spent = seen.cpu_time.count() > 0 && seen.ending.usage.cpu_time >= seen.cpu_time;
  if (signal == SIGXCPU || (signal == SIGKILL && spent)) {
    return exit_of(
        Exit::Kind::kTimedOut, base::ErrorCode::kTimeout,
        fmt::format("{} in the processor time allowed, {}.", kNotDecoded, spoken(seen.cpu_time)),
        "over its CPU limit");
  }
  Exit exit = exit_of(Exit::Kind::kCrashed, base::ErrorCode::kCorrupt,
                      fmt::format("{}: the decoder crashed on it.", kNotDecoded),
                      fmt::format("signal {} ({})", signal, ::strsignal(signal)));
  if (signal == SIGSYS) exit.detail += ": it made a system call that the sandbox forbids";
  if (signal == SIGKILL) {  // Not ours. The kernel's way when memory is short.
    exit.code = base::ErrorCode::kTooLarge;
    exit.sentence = fmt::format("{}: it needed more memory than there was.", kNotDecoded);
  }
  exit.signal = signal;
  return exit;
}

}  // namespace

Exit judge(const Seen& seen) {
  const Outcome& outcome = seen.outcome;
  const Ending& ending = seen.ending;
  Exit exit;
  if (outcome.ours) {
    exit = exit_of(Exit::Kind::kAborted, outcome.ours->code, std::string(kNotToBlame),
                   outcome.ours->context);
  } else if (outcome.broken_rule) {
    exit = exit_of(Exit::Kind::kKilled, base::ErrorCode::kProtocol,
                   fmt::format("{}: it made the decoder misbehave.", kNotDecoded),
                   "killed: " + *outcome.broken_rule);
  } else if (seen.stop != Stop::kNone) {
    exit = of_stop(seen);
  } else if (outcome.in_force.empty()) {
    exit = before_the_file(seen);
  } else if (ending.by_signal) {
    exit = of_signal(ending.code, seen);
  } else if (outcome.failure) {
    exit = exit_of(Exit::Kind::kFailed, outcome.failure->code,
                   fmt::format("{}: {}.", kNotDecoded, outcome.failure->context),
                   outcome.failure->context);
  } else if (outcome.result && ending.code == 0) {
    exit.kind = Exit::Kind::kOk;
    exit.result = *outcome.result;
  } else {
    exit = exit_of(Exit::Kind::kCrashed, base::ErrorCode::kCorrupt,
                   fmt::format("{}: the decoder gave up without a reason.", kNotDecoded),
                   fmt::format("exit code {} and no result", ending.code));
  }
  exit.usage = ending.usage;
  exit.in_force = outcome.in_force;
  return exit;
}

}  // namespace worker::sandbox
