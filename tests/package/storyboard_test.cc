#include "package/storyboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/package/sample.h"

namespace package {
namespace {

TEST(Storyboard, NamesATileForEachIntervalAndEndsWithTheVideo) {
  EXPECT_EQ(storyboard_track(sample().storyboards[0], 9'500'000),
            R"(WEBVTT

00:00:00.000 --> 00:00:02.000
storyboard/a.jpg#xywh=0,0,160,90

00:00:02.000 --> 00:00:04.000
storyboard/a.jpg#xywh=160,0,160,90

00:00:04.000 --> 00:00:06.000
storyboard/a.jpg#xywh=0,90,160,90

00:00:06.000 --> 00:00:08.000
storyboard/a.jpg#xywh=160,90,160,90

00:00:08.000 --> 00:00:09.500
storyboard/b.jpg#xywh=0,0,160,90
)");
}

TEST(Storyboard, EndsWithItsTiles) {
  const std::string text = storyboard_track(sample().storyboards[0], 7'200'000'000);
  EXPECT_THAT(text, testing::EndsWith("00:00:14.000 --> 00:00:16.000\n"
                                      "storyboard/b.jpg#xywh=160,90,160,90\n"));
}

TEST(Storyboard, ANameCannotBecomeACue) {
  Storyboard board = sample().storyboards[0];
  board.sheets = {"a\n\n00:00:00.000 --> 99:00:00.000\n<b>"};
  EXPECT_THAT(storyboard_track(board, 1'000'000),
              testing::HasSubstr("\na%0A%0A00%3A00%3A00.000%20--%3E%20"));
}

}  // namespace
}  // namespace package
