#include "package/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace package {
namespace {

constexpr char32_t kReplacement = 0xfffd;

struct Decoded {
  char32_t character = 0;
  std::size_t size = 0;  // 0: not UTF-8.
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xc2 && lead <= 0xdf   ? 2
                           : (lead & 0xf0) == 0xe0        ? 3
                           : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                          : 0;
  if (size == 0 || text.size() < size) return {};
  char32_t character = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    character = character << 6 | (byte(i) & 0x3f);
  }
  const bool is_overlong = (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
  const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
  if (is_overlong || is_surrogate || character > 0x10ffff) return {};
  return {character, size};
}

bool breaks_lines(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = decode(text.substr(at));
    if (decoded.size == 0) return at;
    at += decoded.size;
  }
  return std::string_view::npos;
}

char32_t next_character(std::string_view text, std::size_t& at) {
  const Decoded decoded = decode(text.substr(at));
  at += std::max<std::size_t>(1, decoded.size);
  return decoded.size == 0 ? kReplacement : decoded.character;
}

void append_utf8(std::string& text, char32_t c) {
  const auto add = [&text](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xc0 | c >> 6);
    add(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    add(0xe0 | c >> 12);
    add(0x80 | (c >> 6 & 0x3f));
    add(0x80 | (c & 0x3f));
  } else {
    add(0xf0 | c >> 18);
    add(0x80 | (c >> 12 & 0x3f));
    add(0x80 | (c >> 6 & 0x3f));
    add(0x80 | (c & 0x3f));
  }
}

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = next_character(text, at);
    if (breaks_lines(c)) c = ' ';
    if (c == 0xfffe || c == 0xffff) c = kReplacement;  // XML has no way to write these.
    append_utf8(safe, c);
  }
  return safe;
}

std::string hls_quoted(std::string_view text) {
  std::string safe = printable(text);
  std::ranges::replace(safe, '"', '\'');
  return '"' + safe + '"';
}

std::string xml_text(std::string_view text) {
  std::string safe;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&apos;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string uri(std::string_view name) {
  constexpr std::string_view kPlain = "-._~/?=&,+;!*()@$";
  std::string safe;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool is_encoded =
        c == '%' && i + 2 < name.size() && is_hex(name[i + 1]) && is_hex(name[i + 2]);
    if (is_alphanumeric(c) || kPlain.contains(c) || is_encoded) {
      safe += c;
    } else {
      safe += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return safe;
}

std::string language_tag(std::string_view language) {
  constexpr std::size_t kTagMax = 35;    // RFC 5646 §4.4.1.
  constexpr std::size_t kSubtagMax = 8;  // §2.1
  std::size_t subtag = 0;
  bool is_tag = !language.empty() && language.size() <= kTagMax;
  for (const char c : language) {
    if (c == '-') {
      is_tag = is_tag && subtag > 0;
      subtag = 0;
    } else {
      is_tag = is_tag && is_alphanumeric(c) && ++subtag <= kSubtagMax;
    }
  }
  return is_tag && subtag > 0 ? std::string(language) : "und";
}

std::optional<std::string> canonical_language(std::string_view language) {
  std::string tag = language_tag(language);
  if (tag != language) return std::nullopt;
  bool after_singleton = false;
  for (std::size_t at = 0; at < tag.size();) {
    const std::size_t end = std::min(tag.find('-', at), tag.size());
    const std::size_t length = end - at;
    const bool is_first = at == 0;
    const bool is_region = !is_first && !after_singleton && length == 2;
    const bool is_script = !is_first && !after_singleton && length == 4;
    for (std::size_t i = at; i < end; ++i) {
      const bool raised = is_region || (is_script && i == at);
      if (raised && tag[i] >= 'a' && tag[i] <= 'z') tag[i] = static_cast<char>(tag[i] - 'a' + 'A');
      if (!raised && tag[i] >= 'A' && tag[i] <= 'Z') tag[i] = static_cast<char>(tag[i] - 'A' + 'a');
      // A language has letters alone.
      if (is_first && (tag[i] < 'a' || tag[i] > 'z')) return std::nullopt;
    }
    // One letter opens an extension; as the first it is private or of old ("x-", "i-").
    if (is_first && length == 1 && (end == tag.size() || (tag[0] != 'x' && tag[0] != 'i'))) {
      return std::nullopt;
    }
    after_singleton = after_singleton || length == 1;
    at = end + 1;
  }
  return tag;
}

}  // namespace package
