// Whatever a child does, its parent survives it with the right verdict.
#include "worker/sandbox/child_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <utility>
#include <vector>

#include "tests/worker/child_fixture.h"

namespace worker::sandbox {
namespace {

using std::chrono::milliseconds;
using Kind = Exit::Kind;

bool says(const Exit& exit, std::string_view words) {
  return exit.sentence.find(words) != std::string::npos;
}

TEST(ChildProcess, ReadsTheSourceThroughItsParent) {
  const std::string bytes = pattern(5 * kBlockSize + 77);
  std::uint64_t sum = 0;
  for (const char byte : bytes) sum = sum * 31 + static_cast<unsigned char>(byte);
  StringSource source(bytes);
  RememberingSink sink;
  const Exit exit = run_in_child(spec_of("sum"), source, sink);
  EXPECT_EQ(exit.kind, Kind::kOk) << exit.detail;
  EXPECT_EQ(exit.result, std::to_string(bytes.size()) + " " + std::to_string(sum));
  EXPECT_EQ(source.reads.size(), 6U);
}

TEST(ChildProcess, MakesOutputs) {
  StringSource source("x");
  RememberingSink sink;
  const Exit exit = run_in_child(spec_of("outputs"), source, sink);
  EXPECT_EQ(exit.kind, Kind::kOk) << exit.detail;
  EXPECT_EQ(exit.result, "{\"segments\":1}");
  EXPECT_EQ(sink.written["init.mp4"], std::string(200'000, 's'));
  EXPECT_EQ(sink.written["1.m4s"], std::string(200'000, 's'));
  EXPECT_EQ(sink.kinds["1.m4s"], OutputKind::kSegment);
  EXPECT_EQ(sink.decoded, std::vector<std::chrono::microseconds>{std::chrono::seconds(4)});
}

TEST(ChildProcess, GetsItsOrder) {
  ChildSpec spec = spec_of("echo");
  spec.order = std::string(kPayloadMax, 'o');
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kOk);
  EXPECT_EQ(exit.result, spec.order);
  spec.order += "o";
  EXPECT_EQ(run(spec).kind, Kind::kAborted);
}

TEST(ChildProcess, SaysWhyTheFileCanNotBeDecoded) {
  const Exit exit = run("fail");
  EXPECT_EQ(exit.kind, Kind::kFailed);
  EXPECT_EQ(exit.code, base::ErrorCode::kUnsupported);
  EXPECT_EQ(exit.sentence, "The file could not be decoded: there is no video in it.");
}

TEST(ChildProcess, TurnsExceptionsIntoFailures) {
  EXPECT_EQ(run("throw").kind, Kind::kFailed);
  EXPECT_EQ(run("long-result").kind, Kind::kFailed);
}

TEST(ChildProcess, CrashIsSurvived) {
  const Exit exit = run("crash");
  EXPECT_EQ(exit.kind, Kind::kCrashed);
  EXPECT_EQ(exit.signal, SIGSEGV);
  EXPECT_TRUE(says(exit, "The file could not be decoded: the decoder crashed")) << exit.sentence;
}

TEST(ChildProcess, LastWordsAreKept) {
  const Exit exit = run("abort");
  EXPECT_EQ(exit.kind, Kind::kCrashed);
  EXPECT_EQ(exit.signal, SIGABRT);
  EXPECT_NE(exit.standard_error.find("assertion failed: frame"), std::string::npos);
}

TEST(ChildProcess, LeavingWithoutAWordIsACrash) {
  EXPECT_EQ(run("leave").kind, Kind::kCrashed);
  EXPECT_EQ(run("leave-cleanly").kind, Kind::kCrashed);
}

TEST(ChildProcess, AnEndlessLoopMeetsTheWallClock) {
  ChildSpec spec = spec_of("loop");
  spec.run_time_max = milliseconds(300);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kTimedOut);
  EXPECT_TRUE(says(exit, "in the time allowed, 300 milliseconds")) << exit.sentence;
}

TEST(ChildProcess, ProgressDoesNotMoveTheWallClock) {
  ChildSpec spec = spec_of("loop-with-progress");
  spec.run_time_max = milliseconds(700);
  spec.progress_gap_max = milliseconds(500);
  EXPECT_TRUE(says(run(spec), "in the time allowed"));
}

TEST(ChildProcess, StandingStillIsNoticed) {
  ChildSpec spec = spec_of("loop");
  spec.progress_gap_max = milliseconds(300);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kTimedOut);
  EXPECT_TRUE(says(exit, "got no further for 300 milliseconds")) << exit.sentence;
}

TEST(ChildProcess, CpuTimeIsLimited) {
  ChildSpec spec = spec_of("loop");
  spec.limits.cpu_time = std::chrono::seconds(1);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kTimedOut);
  EXPECT_TRUE(says(exit, "processor time allowed, 1 second.")) << exit.sentence;
}

TEST(ChildProcess, CpuTimeIsLimitedForWhoIgnoresTheSignalToo) {
  ChildSpec spec = spec_of("loop-ignoring-signals");
  spec.limits.cpu_time = std::chrono::seconds(1);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kTimedOut) << exit.sentence;
  EXPECT_GE(exit.usage.cpu_time, std::chrono::seconds(1));
  EXPECT_LT(exit.usage.cpu_time, std::chrono::seconds(10));
}

TEST(ChildProcess, MemoryInUseIsLimited) {
  ChildSpec spec = spec_of("memory");
  spec.memory_max = base::Bytes(300 << 20);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kKilled);
  EXPECT_TRUE(says(exit, "more memory than a file may, 300MiB")) << exit.sentence << exit.detail;
  EXPECT_GT(exit.usage.memory_peak, spec.memory_max);
}

TEST(ChildProcess, AddressSpaceIsLimited) {
  if (!kLimitsAddressSpace) GTEST_SKIP() << "the sanitizer's shadow needs terabytes of it";
  ChildSpec spec = spec_of("memory");
  spec.limits.address_space = base::Bytes(256 << 20);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kFailed) << exit.detail;
  EXPECT_EQ(exit.code, base::ErrorCode::kTooLarge);
}

TEST(ChildProcess, GarbageGetsItKilled) {
  for (const std::string_view deed : {"garbage", "huge-packet", "lie"}) {
    const Exit exit = run(deed);
    EXPECT_EQ(exit.kind, Kind::kKilled) << deed;
    EXPECT_TRUE(says(exit, "misbehave")) << exit.sentence;
  }
}

TEST(ChildProcess, AFloodOfOutputGetsItKilled) {
  ChildSpec spec = spec_of("flood-outputs");
  spec.conversation.output_max = base::Bytes(8 << 20);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kKilled);
  EXPECT_NE(exit.detail.find("too large"), std::string::npos) << exit.detail;
}

TEST(ChildProcess, AFloodOnStandardErrorIsHeldBackAndCut) {
  ChildSpec spec = spec_of("flood-standard-error");
  spec.run_time_max = milliseconds(500);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kTimedOut);
  EXPECT_EQ(exit.standard_error.size(), 8'192U);
}

TEST(ChildProcess, HangingUpWithoutEndingIsNotWaitedFor) {
  for (const std::string_view deed : {"hang-up", "empty-packet"}) {
    ChildSpec spec = spec_of(deed);
    spec.linger_max = milliseconds(200);
    const Exit exit = run(spec);
    EXPECT_EQ(exit.kind, Kind::kKilled) << deed;
    EXPECT_TRUE(says(exit, "did not end properly")) << exit.sentence;
  }
}

// Keep their caller waiting, once, longer than a child may stand still.
constexpr milliseconds kSlow{900};

class SlowSource final : public ByteSource {
 public:
  [[nodiscard]] base::Bytes size() const override { return base::Bytes(3 * kBlockSize); }
  base::Result<void> read_at(std::uint64_t /*offset*/, std::span<std::byte> /*into*/) override {
    if (!std::exchange(was_slow_, true)) std::this_thread::sleep_for(kSlow);
    return {};
  }

 private:
  bool was_slow_ = false;
};

class SlowSink final : public ResultSink {
 public:
  base::Result<void> open(std::uint32_t, OutputKind, std::string_view) override { return {}; }
  base::Result<void> write(std::uint32_t, std::string_view) override {
    if (!std::exchange(was_slow_, true)) std::this_thread::sleep_for(kSlow);
    return {};
  }
  base::Result<void> close(std::uint32_t) override { return {}; }
  base::Result<void> progressed(std::chrono::microseconds) override { return {}; }

 private:
  bool was_slow_ = false;
};

TEST(ChildProcess, WaitingForStorageIsNotStandingStill) {
  SlowSource slow_source;
  RememberingSink sink;
  ChildSpec reading = spec_of("sum");
  reading.progress_gap_max = kSlow - milliseconds(100);
  EXPECT_EQ(run_in_child(reading, slow_source, sink).kind, Kind::kOk);

  StringSource source("x");
  SlowSink slow_sink;
  ChildSpec writing = spec_of("outputs");
  writing.progress_gap_max = kSlow - milliseconds(100);
  EXPECT_EQ(run_in_child(writing, source, slow_sink).kind, Kind::kOk);
}

TEST(ChildProcess, StorageThatFailsIsNotTheFilesFault) {
  StringSource source(pattern(100));
  source.failing = true;
  RememberingSink sink;
  const Exit exit = run_in_child(spec_of("sum"), source, sink);
  EXPECT_EQ(exit.kind, Kind::kAborted);
  EXPECT_EQ(exit.code, base::ErrorCode::kUnreachable);
  EXPECT_TRUE(says(exit, "not to blame"));
  EXPECT_EQ(exit.detail, "storage is away");
}

TEST(ChildProcess, EntersTheSandboxWithOneThread) {
  if (kHasThreadOfSanitizer) GTEST_SKIP() << "the sanitizer has a thread of its own";
  const Exit exit = run("two-threads");
  EXPECT_EQ(exit.kind, Kind::kAborted);
  EXPECT_NE(exit.detail.find("more than one thread"), std::string::npos) << exit.detail;
}

// Passes a child's process id on.
class TellingSink final : public ResultSink {
 public:
  explicit TellingSink(int fd) : fd_(fd) {}
  base::Result<void> open(std::uint32_t, OutputKind, std::string_view) override { return {}; }
  base::Result<void> write(std::uint32_t, std::string_view) override { return {}; }
  base::Result<void> close(std::uint32_t) override { return {}; }
  base::Result<void> progressed(std::chrono::microseconds pid) override {
    const auto value = static_cast<pid_t>(pid.count());
    return ::write(fd_, &value, sizeof value) == sizeof value
               ? base::Result<void>()
               : base::fail(base::ErrorCode::kIo, "pipe");
  }

 private:
  int fd_;
};

TEST(ChildProcess, DoesNotOutliveItsParent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    StringSource source("x");
    TellingSink sink(ends[1]);
    run_in_child(spec_of("stay"), source, sink);
    ::_exit(0);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  const base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  ASSERT_TRUE(pidfd);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 30'000), 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ChildProcess, WhatEndsBeforeTheFileIsOurs) {
  EXPECT_EQ(run("not-confined").kind, Kind::kAborted);
  ChildSpec spec = spec_of("echo");
  spec.executable = "/nonexistent";
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kAborted);
  EXPECT_NE(exit.detail.find("exit code 127"), std::string::npos) << exit.detail;
}

TEST(ChildProcess, StopsWhenItIsNoLongerWanted) {
  std::stop_source stop;
  stop.request_stop();
  StringSource source("x");
  RememberingSink sink;
  const Exit exit = run_in_child(spec_of("loop"), source, sink, stop.get_token());
  EXPECT_EQ(exit.kind, Kind::kAborted);
  EXPECT_EQ(exit.detail, "cancelled");
}

TEST(ChildProcess, SeveralRunAtATime) {
  std::vector<std::jthread> threads;
  std::vector<Exit> exits(4);
  for (Exit& exit : exits) threads.emplace_back([&exit] { exit = run("echo"); });
  threads.clear();
  for (const Exit& exit : exits) EXPECT_EQ(exit.kind, Kind::kOk) << exit.detail;
}

TEST(ChildProcess, LeavesNoDescriptorBehind) {
  const auto next_free = [] {
    const int fd = ::dup(0);
    ::close(fd);
    return fd;
  };
  const int before = next_free();
  run("echo");
  run("crash");
  EXPECT_EQ(next_free(), before);
}

}  // namespace
}  // namespace worker::sandbox
