#include "worker/sandbox/verdict.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace worker::sandbox {
namespace {

using Kind = Exit::Kind;

// A child that was confined and ended with exit code 0.
Seen confined() {
  Seen seen;
  seen.outcome.in_force = Protections::all();
  return seen;
}

TEST(Verdict, IsOkOnlyWithAResultAndExitCodeZero) {
  Seen seen = confined();
  EXPECT_EQ(judge(seen).kind, Kind::kCrashed);
  seen.outcome.result = "{}";
  EXPECT_EQ(judge(seen).kind, Kind::kOk);
  EXPECT_EQ(judge(seen).result, "{}");
  EXPECT_EQ(judge(seen).sentence, "");
  seen.ending.code = 1;
  EXPECT_EQ(judge(seen).kind, Kind::kCrashed);
  seen.ending = {.by_signal = true, .code = SIGSEGV};
  EXPECT_EQ(judge(seen).kind, Kind::kCrashed);
  EXPECT_EQ(judge(seen).result, "");
}

TEST(Verdict, ABrokenRuleCountsMoreThanWhatWasSaid) {
  Seen seen = confined();
  seen.outcome.broken_rule = "it went on";
  seen.outcome.failure = base::Error{base::ErrorCode::kInvalid, "nothing"};
  EXPECT_EQ(judge(seen).kind, Kind::kKilled);
  EXPECT_EQ(judge(seen).detail, "killed: it went on");
}

TEST(Verdict, OurFailureCountsMoreThanAnything) {
  Seen seen = confined();
  seen.outcome.ours = base::Error{base::ErrorCode::kNoSpace, "disk full"};
  seen.stop = Stop::kNoProgress;
  seen.ending = {.by_signal = true, .code = SIGKILL};
  EXPECT_EQ(judge(seen).kind, Kind::kAborted);
  EXPECT_EQ(judge(seen).code, base::ErrorCode::kNoSpace);
}

TEST(Verdict, AKillThatIsNotOursIsTheKernelShortOfMemory) {
  Seen seen = confined();
  seen.cpu_time = std::chrono::seconds(10);
  seen.ending = {.by_signal = true, .code = SIGKILL};
  EXPECT_EQ(judge(seen).kind, Kind::kCrashed);
  EXPECT_EQ(judge(seen).code, base::ErrorCode::kTooLarge);
  seen.ending.usage.cpu_time = std::chrono::seconds(11);  // Or its CPU time is spent.
  EXPECT_EQ(judge(seen).kind, Kind::kTimedOut);
}

TEST(Verdict, AForbiddenCallIsNamed) {
  Seen seen = confined();
  seen.ending = {.by_signal = true, .code = SIGSYS};
  EXPECT_EQ(judge(seen).signal, SIGSYS);
  EXPECT_NE(judge(seen).detail.find("forbids"), std::string::npos);
}

TEST(Verdict, NothingBeforeTheFileIsTheFilesFault) {
  Seen seen;
  for (const int code : {0, 1, 127}) {
    seen.ending.code = code;
    EXPECT_EQ(judge(seen).kind, Kind::kAborted);
  }
  seen.ending = {.by_signal = true, .code = SIGSEGV};
  EXPECT_EQ(judge(seen).kind, Kind::kAborted);
}

TEST(Verdict, SpeaksOfTimeAsPeopleDo) {
  Seen seen = confined();
  seen.stop = Stop::kNoProgress;
  const auto says = [&](std::chrono::milliseconds gap, std::string_view words) {
    seen.progress_gap_max = gap;
    return judge(seen).sentence.ends_with(std::string("for ") + std::string(words) + ".");
  };
  EXPECT_TRUE(says(std::chrono::milliseconds(999), "999 milliseconds"));
  EXPECT_TRUE(says(std::chrono::seconds(1), "1 second"));
  EXPECT_TRUE(says(std::chrono::seconds(119), "119 seconds"));
  EXPECT_TRUE(says(std::chrono::minutes(2), "2 minutes"));
}

}  // namespace
}  // namespace worker::sandbox
