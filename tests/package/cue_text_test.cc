#include "package/cue_text.h"

#include <gtest/gtest.h>

namespace package {
namespace {

TEST(CueText, KeepsTheTagsThatEveryPlayerShows) {
  for (const char* text : {"<b>a</b>", "<i>a</i> <u>b</u>", "<c.yellow.bg_blue>a</c>", "<c>a</c>",
                           "<v Mary Ann>Hi</v>", "<lang en-GB>colour</lang>", "one\ntwo",
                           "a &amp; b &lt;c&gt; &nbsp;&lrm;&rlm;", "5 - 3"}) {
    EXPECT_EQ(safe_cue_text(text), text);
  }
}

TEST(CueText, ClosesWhatIsOpen) {
  EXPECT_EQ(safe_cue_text("<b>a<i>b"), "<b>a<i>b</i></b>");
  EXPECT_EQ(safe_cue_text("<b>a<i>b</b>c</i>"), "<b>a<i>b</i></b>c");
  EXPECT_EQ(safe_cue_text("a</i>b"), "ab");
  EXPECT_EQ(safe_cue_text("<v Bob>Hi"), "<v Bob>Hi</v>");
}

TEST(CueText, DropsWhatHasNoMeaningHere) {
  EXPECT_EQ(safe_cue_text("<font color=\"#ff0000\">red</font>"), "red");
  EXPECT_EQ(safe_cue_text("{\\an8}top"), "top");
  EXPECT_EQ(safe_cue_text("<00:00:01.500>la <00:02.000>la"), "la la");
  EXPECT_EQ(safe_cue_text("<ruby>a<rt>b</rt></ruby>"), "ab");
  EXPECT_EQ(safe_cue_text("<I>a</I>"), "<i>a</i>");
  EXPECT_EQ(safe_cue_text("<b.loud x=1>a</b>"), "<b>a</b>");
  EXPECT_EQ(safe_cue_text("<v>a"), "a");
  EXPECT_EQ(safe_cue_text("<c.a\"b>x</c>"), "<c>x</c>");
}

TEST(CueText, EscapesEverythingElse) {
  EXPECT_EQ(safe_cue_text("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
  EXPECT_EQ(safe_cue_text("<img src=x onerror=y>"), "&lt;img src=x onerror=y&gt;");
  EXPECT_EQ(safe_cue_text("I <3 you"), "I &lt;3 you");
  EXPECT_EQ(safe_cue_text("a < b > c & d &unknown;"), "a &lt; b &gt; c &amp; d &amp;unknown;");
  EXPECT_EQ(safe_cue_text("x --> y"), "x --&gt; y");
  EXPECT_EQ(safe_cue_text("<<b>a"), "&lt;<b>a</b>");
  EXPECT_EQ(safe_cue_text("<b"), "&lt;b");
  EXPECT_EQ(safe_cue_text("<v A&B>x"), "<v A&amp;B>x</v>");
}

TEST(CueText, ATagHasNoArrowInIt) {
  EXPECT_EQ(safe_cue_text("<c.a-->x</c>"), "<c.a>x</c>");
  EXPECT_EQ(safe_cue_text("<v Bob-->x"), "<v Bob>x</v>");
  EXPECT_EQ(safe_cue_text("<v -->x"), "x");
  EXPECT_EQ(safe_cue_text("<v Bob\n-->x"), "<v Bob>x</v>");
}

TEST(CueText, NumericEntitiesAreCharacters) {
  EXPECT_EQ(safe_cue_text("&#39;&#x20AC;&quot;&apos;"), "'€\"'");
  EXPECT_EQ(safe_cue_text("&#60;b&#62;"), "&lt;b&gt;");
  EXPECT_EQ(safe_cue_text("a&#10;&#10;b"), "a  b");
  EXPECT_EQ(safe_cue_text("&#xD800;&#1114112;"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(safe_cue_text("&#;&#x;&#a;"), "&amp;#;&amp;#x;&amp;#a;");
}

TEST(CueText, HasNoEmptyLine) {
  EXPECT_EQ(safe_cue_text("a\n\n  \n<font>\n b \n"), "a\nb");
  EXPECT_EQ(safe_cue_text(" \n<i> </i>\n{\\an8}"), "");
  EXPECT_EQ(safe_cue_text("<b>&#32;</b>"), "");
}

TEST(CueText, WhatWasDroppedLeavesNothingNewBehind) {
  for (const char* text : {"{{\\a}\\b}x", "{<s>\\an8}x", "&<s>amp;", "<<s>b>x", "{\\{\\a}b}"}) {
    const std::string once = safe_cue_text(text);
    EXPECT_EQ(safe_cue_text(once), once) << text;
  }
}

TEST(CueText, DeepAndLongTagsAreDropped) {
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "<b>";
  std::string sixteen;
  std::string closed;
  for (int i = 0; i < 16; ++i) {
    sixteen += "<b>";
    closed += "</b>";
  }
  EXPECT_EQ(safe_cue_text(deep + "x"), sixteen + "x" + closed);
  // "<v ", the name, ">": 256 bytes are a tag, 257 are text.
  const std::string name(252, 'n');
  EXPECT_EQ(safe_cue_text("<v " + name + ">x"), "<v " + name + ">x</v>");
  EXPECT_EQ(safe_cue_text("<v n" + name + ">x"), "&lt;v n" + name + "&gt;x");
}

}  // namespace
}  // namespace package
