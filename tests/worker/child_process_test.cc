// Whatever a child does, its parent survives it with the right verdict.
#include "worker/sandbox/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

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

TEST(ChildProcess, MemoryInUseIsLimited) {
  ChildSpec spec = spec_of("memory");
  spec.memory_max = base::Bytes(300 << 20);
  const Exit exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kKilled);
  EXPECT_TRUE(says(exit, "more memory than a file may, 300MiB")) << exit.sentence << exit.detail;
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
