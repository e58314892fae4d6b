// What a manifest may carry of text that somebody else wrote: titles, labels, languages, names.
//
// Each function takes any bytes and gives text that cannot leave its place: no quote ends the
// string it stands in, no line break starts a tag, no '<' opens an element. What cannot be written
// is replaced, never refused: a video with an odd title still plays.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace package {

// Where the first byte is that is not UTF-8 (overlong forms and surrogates are not); npos: nowhere.
std::size_t find_invalid_utf8(std::string_view text);

// As many whole characters of the text, which is UTF-8, as have room in so many bytes.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

// The character at `at`, of text that is UTF-8; `at` moves behind it.
char32_t next_character(std::string_view text, std::size_t& at);
void append_utf8(std::string& text, char32_t character);

// UTF-8 of one line: what is invalid becomes U+FFFD; control characters and line and paragraph
// separators become spaces.
std::string printable(std::string_view text);

// The printable text as a quoted string of HLS (RFC 8216 §4.2), quotes and all; a '"' within
// becomes a '\''.
std::string hls_quoted(std::string_view text);

// The printable text for an XML attribute or element.
std::string xml_text(std::string_view text);

// A relative URI reference: whatever may not stand in its path or query as it is, '#' and ':'
// included, is percent-encoded; "%41" stays.
std::string uri(std::string_view name);

// The language if it has the form of a BCP 47 tag, else "und".
std::string language_tag(std::string_view language);

// The tag in its canonical case ("zh-Hant-TW", RFC 5646 §2.1.1), so that equal tags are equal texts;
// none: it has not the form of a BCP 47 tag.
std::optional<std::string> canonical_language(std::string_view language);

}  // namespace package
