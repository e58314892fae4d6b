#include "base/log.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string line_with(std::string value) {
  const std::string line =
      log_line(WallTime(std::chrono::milliseconds(1'769'860'800'123)), LogLevel::kWarning,
               "origin.down", {{"site", "video"}, {"reason", std::move(value)}});
  constexpr std::string_view kHead =
      "2026-01-31T12:00:00.123Z warning origin.down site=video reason=";
  EXPECT_TRUE(line.starts_with(kHead)) << line;
  EXPECT_TRUE(line.ends_with('\n'));
  return line.substr(kHead.size(), line.size() - kHead.size() - 1);
}

TEST(Log, LeavesPlainValuesBare) {
  EXPECT_EQ(line_with("http://10.0.0.1:9000/a?b"), "http://10.0.0.1:9000/a?b");
}

TEST(Log, QuotesWhatWouldBreakTheLineApart) {
  EXPECT_EQ(line_with(""), R"("")");
  EXPECT_EQ(line_with("two words"), R"("two words")");
  EXPECT_EQ(line_with("a=b"), R"("a=b")");
  EXPECT_EQ(line_with(R"(say "no" \)"), R"("say \"no\" \\")");
}

TEST(Log, NoValueCanForgeALineOrDriveATerminal) {
  EXPECT_EQ(line_with("x\r\n2026 error fake"), R"("x\r\n2026 error fake")");
  EXPECT_EQ(line_with("\x1b[2J\t"), R"("\x1b[2J\t")");
  EXPECT_EQ(line_with("\xc2\x9b"), R"("\xc2\x9b")");
  EXPECT_EQ(line_with(std::string("\0", 1)), R"("\x00")");
}

TEST(Log, WritesOneLineToStandardErrorFromTheSetLevelUp) {
  testing::internal::CaptureStderr();
  log_debug("hunt", {});
  log_info("started", {{"port", "8080"}});
  set_log_level(LogLevel::kError);
  log_info("unheard", {});
  set_log_level(LogLevel::kInfo);
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(written.ends_with(" info started port=8080\n")) << written;
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1);
}

}  // namespace
}  // namespace base
