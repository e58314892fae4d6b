#include "package/text.h"

#include <gtest/gtest.h>

namespace package {
namespace {

TEST(Text, KnowsUtf8FromWhatLooksLikeIt) {
  for (const char* text : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xac",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_EQ(find_invalid_utf8(text), std::string_view::npos) << text;
  }
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2u);
  for (const char* text :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3", "\xc3(", "\xf0\x9f\x8e"}) {
    EXPECT_EQ(find_invalid_utf8(text), 0u) << text;
  }
}

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 3), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("a\u00e9", 2), "a");
  EXPECT_EQ(cut_utf8("a\u00e9", 3), "a\u00e9");
  EXPECT_EQ(cut_utf8("\U0001f600b", 3), "");
  EXPECT_EQ(cut_utf8("\U0001f600b", 4), "\U0001f600");
}

TEST(Text, WritesEveryCharacterAsItReadsIt) {
  for (const char32_t c : {U'a', U'é', U'€', U'🎬', char32_t{0x7ff}, char32_t{0x800},
                           char32_t{0xffff}, char32_t{0x10000}, char32_t{0x10ffff}}) {
    std::string text;
    append_utf8(text, c);
    std::size_t at = 0;
    EXPECT_EQ(next_character(text, at), c);
    EXPECT_EQ(at, text.size());
  }
}

TEST(Text, APrintableLineHasNoControlsAndIsUtf8) {
  EXPECT_EQ(printable("a\nb\r\tc\x7f"
                      "d\xc2\x85"
                      "e\xe2\x80\xa8"
                      "f"),
            "a b  c d e f");
  EXPECT_EQ(printable("\xff\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(printable("\xef\xbf\xbe"), "\xef\xbf\xbd");
}

TEST(Text, AQuotedStringCannotEndEarly) {
  EXPECT_EQ(hls_quoted("say \"hi\",\nURI=\"x\""), "\"say 'hi', URI='x'\"");
}

TEST(Text, XmlHasNoMarkupInIt) {
  EXPECT_EQ(xml_text("<a b=\"c\" d='e'>&amp;"),
            "&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;amp;");
}

TEST(Text, AUriIsRelativeAndOfUriCharacters) {
  EXPECT_EQ(uri("720p/0-ab12.m4s?x=1&y=2"), "720p/0-ab12.m4s?x=1&y=2");
  EXPECT_EQ(uri("#EXT \"q\"\n\xc3\xa9"), "%23EXT%20%22q%22%0A%C3%A9");
  EXPECT_EQ(uri("javascript:x"), "javascript%3Ax");
  EXPECT_EQ(uri("a%20b"), "a%20b");
  EXPECT_EQ(uri("100%"), "100%25");
  EXPECT_EQ(uri("%zz%4"), "%25zz%254");
}

TEST(Text, ALanguageIsATagOrUndetermined) {
  for (const char* tag : {"en", "pt-BR", "zh-Hant-TW", "de-1996", "x-abcdefgh"}) {
    EXPECT_EQ(language_tag(tag), tag);
  }
  for (const char* tag : {"", "-", "en-", "-en", "en--US", "en_US", "abcdefghi", "en\"", "é",
                          "aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-a"}) {
    EXPECT_EQ(language_tag(tag), "und") << tag;
  }
}

TEST(Text, EqualLanguagesAreEqualTexts) {
  EXPECT_EQ(canonical_language("EN"), "en");
  EXPECT_EQ(canonical_language("pt-br"), "pt-BR");
  EXPECT_EQ(canonical_language("ZH-hANT-tw"), "zh-Hant-TW");
  EXPECT_EQ(canonical_language("de-1996"), "de-1996");
  EXPECT_EQ(canonical_language("en-A-BBBB-X-US"), "en-a-bbbb-x-us");
  EXPECT_EQ(canonical_language("x-Klingon"), "x-klingon");
  for (const char* text : {"", "-", "en-", "-en", "en--us", "e", "x", "123", "e1", "en_US", "../en",
                           "englishes9", "en-abcdefghi", "d\xc3\xa9"}) {
    EXPECT_EQ(canonical_language(text), std::nullopt) << text;
  }
  EXPECT_TRUE(canonical_language("en-" + std::string("aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaa")));
  EXPECT_FALSE(canonical_language("en-" + std::string("aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaa")));
}

}  // namespace
}  // namespace package
