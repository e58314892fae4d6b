#include "package/captions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace package {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string rewritten(std::string_view file) {
  const auto cues = read_captions(file);
  return cues ? write_captions(*cues) : cues.error().context;
}

std::string refusal(std::string_view file, const CaptionLimits& limits = {}) {
  const auto cues = read_captions(file, limits);
  if (cues) return "was read";
  EXPECT_EQ(cues.error().blame, base::Blame::kClient);
  return cues.error().context;
}

TEST(Captions, SubRipBecomesWebVtt) {
  EXPECT_EQ(rewritten("1\n00:00:01,000 --> 00:00:02,500\nHello,\n<i>world</i>.\n\n"
                      "2\n01:00:03,000 --> 01:00:04,000\nBye & thanks\n"),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello,\n<i>world</i>.\n\n"
            "01:00:03.000 --> 01:00:04.000\nBye &amp; thanks\n");
}

TEST(Captions, WebVttIsWrittenAnew) {
  EXPECT_EQ(
      rewritten(
          "WEBVTT - a title\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n"
          "STYLE\n::cue { color: red }\n\nREGION\nid:x\n\nNOTE\nnot shown\n\nNOTE nor this\n\n"
          "intro\n00:01.000 --> 00:02.000 align:start region:x line:0 evil:<b>\n"
          "<v Ann>Hi\n\n00:03.000 --> 00:04.000\nBye"),
      "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 align:start line:0\n<v Ann>Hi</v>\n\n"
      "00:00:03.000 --> 00:00:04.000\nBye\n");
}

TEST(Captions, AreReadWithPatience) {
  const std::string plain = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na\n";
  for (const char* file : {
           "\xef\xbb\xbf\n1\r\n00:00:01,000 --> 00:00:02,000\r\na\r\n",  // Byte order mark, CRLF.
           "1\r00:00:01,000 --> 00:00:02,000\ra\r",                      // CR.
           "\n\n\n1\n00:00:01,000 --> 00:00:02,000\na\n\n\n\n",
           "00:00:01,000 --> 00:00:02,000\na",                         // No number.
           "1\n0:0:1,0 --> 0:0:2.00\na",                               // Digits left out.
           "1\n00:01,000 --> 00:02,000\na",                            // Hours left out.
           "1\n00:00:01 --> 00:00:02\na",                              // Milliseconds left out.
           "1\n00:00:01,000-->00:00:02,000\na",                        // No space.
           "1\n00:00:01,000 --> 00:00:02,000 X1:1 X2:2 Y1:3 Y2:4\na",  // SubRip's coordinates.
           "1  \n00:00:01,000 --> 00:00:02,000\t\na  ",
           "\xef\xbb\xbfWEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\na\r\n",
       }) {
    EXPECT_EQ(rewritten(file), plain) << file;
  }
}

TEST(Captions, SubRipsTextMayHaveEmptyLines) {
  EXPECT_EQ(rewritten("1\n00:00:01,000 --> 00:00:02,000\na\n\n\nb\n\n"
                      "2\n00:00:03,000 --> 00:00:04,000\nc\n"),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na\nb\n\n00:00:03.000 --> 00:00:04.000\nc\n");
  // A number is text unless times follow it.
  EXPECT_EQ(
      rewritten("1\n00:00:01,000 --> 00:00:02,000\n2\n3\n4\n00:00:03,000 --> 00:00:04,000\nc"),
      "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n2\n3\n\n00:00:03.000 --> 00:00:04.000\nc\n");
}

TEST(Captions, ComeInTheOrderOfTheirTimes) {
  const auto cues = *read_captions(
      "1\n00:00:05,000 --> 00:00:06,000\nlast\n\n2\n00:00:01,000 --> 00:00:09,000\nlong\n\n"
      "3\n00:00:01,000 --> 00:00:02,000\nfirst\n\n4\n00:00:01,000 --> 00:00:02,000\nsecond\n");
  std::vector<std::string> texts;
  for (const Cue& cue : cues) texts.push_back(cue.text);
  EXPECT_THAT(texts, ElementsAre("first", "second", "long", "last"));
  EXPECT_EQ(cues[0].start, milliseconds(1'000));
}

TEST(Captions, WhatWasWrittenIsReadTheSame) {
  const auto cues = *read_captions(
      "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\n<c.a><b>x\ny</b></c> &lt;z&gt; --&gt;\n\n"
      "99:59:59.998 --> 99:59:59.999\n1\n");
  EXPECT_EQ(*read_captions(write_captions(cues)), cues);
}

TEST(Captions, ACueWithoutTextIsLeftOut) {
  EXPECT_EQ(rewritten("1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:01,000 --> 00:00:02,000\n"
                      "{\\an8}\n\n3\n00:00:03,000 --> 00:00:04,000\na\n"),
            "WEBVTT\n\n00:00:03.000 --> 00:00:04.000\na\n");
}

TEST(Captions, ErrorsNameTheLineAndTheRemedy) {
  EXPECT_EQ(refusal("1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:61,000 --> 00:01:02,000\nb\n"),
            "line 6: '00:00:61,000 --> 00:01:02,000' are no times; write them as 00:00:01,000 --> "
            "00:00:02,500, up to 99 hours");
  EXPECT_EQ(refusal("hello\n"),
            "line 1: 'hello' stands where a cue should begin; write its number and, on the next "
            "line, its times as 00:00:01,000 --> 00:00:02,500");
  EXPECT_EQ(refusal("WEBVTT\n\n00:01.000 --> 00:02.000\na\n\nstray\n"),
            "line 6: 'stray' begins neither a cue nor a NOTE; give the cue its times as "
            "00:00:01.000 --> 00:00:02.500");
  EXPECT_EQ(refusal("1\n00:00:02,000 --> 00:00:01,000\na"),
            "line 2: the cue does not end after it starts; correct its times");
  EXPECT_THAT(refusal("1\n00:00:02,000 --> 00:00:02,000\na"), HasSubstr("line 2"));
  EXPECT_EQ(refusal("1\n00:00:01,000 --> 00:00:02,000\r\na\r\nb\xe9\n"),
            "line 4: the text is not UTF-8; save the file as UTF-8");
  EXPECT_THAT(refusal(std::string_view("1\n00:00:01,000 --> 00:00:02,000\na\0b", 34)),
              HasSubstr("line 3: the text is not UTF-8"));
  EXPECT_EQ(refusal("\xff\xfe\n"), "the file is UTF-16; save it as UTF-8");
  for (const char* file : {"", "\n\n", "WEBVTT", "WEBVTT\n\nNOTE x\n"}) {
    EXPECT_THAT(refusal(file), HasSubstr("no captions")) << file;
  }
  for (const char* times :
       {"--> 00:00:02,000", "00:00:01,000 -->", "1 --> 2", "00:60:00,000 --> 01:00:00,000",
        "00:00:01,0000 --> 00:00:02,000", "100:00:00,000 --> 100:00:01,000",
        "00:00:00:01,000 --> 00:00:02,000", "a 00:00:01,000 --> 00:00:02,000",
        "-0:00:01,000 --> 00:00:02,000", "00:00:01, --> 00:00:02,000"}) {
    EXPECT_THAT(refusal("1\n" + std::string(times) + "\na"), HasSubstr("line 2")) << times;
  }
  EXPECT_THAT(refusal(std::string(100, 'x')), HasSubstr("'" + std::string(60, 'x') + "…'"));
}

TEST(Captions, TheFileHasALimit) {
  const std::string_view file = "1\n00:00:01,000 --> 00:00:02,000\na\n";
  EXPECT_TRUE(read_captions(file, {.file_max = base::Bytes(file.size())}));
  const auto refused = read_captions(file, {.file_max = base::Bytes(file.size() - 1)});
  EXPECT_EQ(refused.error().code, base::ErrorCode::kTooLarge);
}

TEST(Captions, TheCuesHaveALimit) {
  const std::string_view file =
      "1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:01,000 --> 00:00:02,000\nb\n";
  EXPECT_TRUE(read_captions(file, {.cues_max = 2}));
  EXPECT_EQ(refusal(file, {.cues_max = 1}), "line 6: there are more than 1 cues; split the file");
}

TEST(Captions, ATextHasALimit) {
  const std::string_view file = "1\n00:00:01,000 --> 00:00:02,000\nabc\n";
  EXPECT_TRUE(read_captions(file, {.text_max = base::Bytes(3)}));
  EXPECT_EQ(refusal(file, {.text_max = base::Bytes(2)}),
            "line 2: the cue's text is longer than 2; split it");
}

// Each of them once made a reader slow: looking past the same empty lines again and again.
TEST(Captions, ManyEmptyLinesAreReadOnce) {
  std::string file = "1\n00:00:01,000 --> 00:00:02,000\n";
  for (int i = 0; i < 1'000; ++i) file += "a\n" + std::string(4'000, '\n');
  EXPECT_TRUE(read_captions(file));
}

}  // namespace
}  // namespace package
