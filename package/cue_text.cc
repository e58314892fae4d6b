#include "package/cue_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "package/text.h"

namespace package {
namespace {

constexpr std::size_t kTagMax = 256;    // Bytes; more is text.
constexpr std::size_t kDepthMax = 16;   // Open tags; more are dropped.
constexpr std::size_t kEntityMax = 10;  // Bytes between '&' and ';'.

constexpr std::array<std::string_view, 6> kMeaningless = {"font", "ruby",   "rt",
                                                          "s",    "strike", "span"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void append_escaped(std::string& out, char32_t c) {
  switch (c) {
    case U'&':
      out += "&amp;";
      break;
    case U'<':
      out += "&lt;";
      break;
    case U'>':
      out += "&gt;";
      break;
    default:
      append_utf8(out, c);
  }
}

// "#38", "#x26"; none: not a number.
std::optional<char32_t> numeric_entity(std::string_view name) {
  if (!name.starts_with('#')) return std::nullopt;
  name.remove_prefix(1);
  int base = 10;
  if (name.starts_with('x') || name.starts_with('X')) {
    base = 16;
    name.remove_prefix(1);
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value, base);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  const bool is_character = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  std::string one;
  append_utf8(one, is_character ? value : 0xfffd);
  std::size_t at = 0;
  const std::string line = printable(one);  // No control character enters this way.
  return next_character(line, at);
}

// The entity that `text` begins with, as it is to be written; empty: none.
std::string entity(std::string_view text, std::size_t& size) {
  constexpr std::array<std::string_view, 6> kKept = {"amp", "lt", "gt", "lrm", "rlm", "nbsp"};
  const std::size_t end = text.substr(0, kEntityMax + 2).find(';');
  if (end == std::string_view::npos) return {};
  const std::string_view name = text.substr(1, end - 1);
  size = end + 1;
  if (std::ranges::find(kKept, name) != kKept.end()) return std::string(text.substr(0, size));
  std::string out;
  if (name == "quot") {
    out = '"';
  } else if (name == "apos") {
    out = '\'';
  } else if (const auto character = numeric_entity(name)) {
    append_escaped(out, *character);
  }
  return out;
}

// Text without tags.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 0;
    const std::string kept = text[at] == '&' ? entity(text.substr(at), size) : std::string();
    if (!kept.empty()) {
      out += kept;
      at += size;
    } else {
      append_escaped(out, next_character(text, at));
    }
  }
  return out;
}

struct Tag {
  bool closes = false;
  std::string name;          // Lower case.
  std::string_view classes;  // ".yellow.big"
  std::string_view annotation;
};

// Of what stands between '<' and '>'; none: not a tag.
std::optional<Tag> read_tag(std::string_view text) {
  Tag tag;
  if (text.starts_with('/')) {
    tag.closes = true;
    text.remove_prefix(1);
  }
  const auto end = std::ranges::find_if_not(text, is_letter);
  tag.name.assign(text.begin(), end);
  std::ranges::transform(tag.name, tag.name.begin(),
                         [](char c) { return c < 'a' ? static_cast<char>(c - 'A' + 'a') : c; });
  text.remove_prefix(tag.name.size());
  if (tag.name.empty()) return std::nullopt;
  if (!text.empty() && text.front() != '.' && !is_space(text.front())) return std::nullopt;
  const auto classes_end = std::ranges::find_if(text, is_space);
  tag.classes = text.substr(0, static_cast<std::size_t>(classes_end - text.begin()));
  tag.annotation = trimmed(text.substr(tag.classes.size()));
  return tag;
}

bool is_timestamp(std::string_view text) {
  return !text.empty() && is_digit(text.front()) && text.contains(':') &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || c == ':' || c == '.'; });
}

bool are_classes(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; });
}

class Reducer {
 public:
  std::string reduce(std::string_view text) {
    while (!text.empty()) {
      std::size_t size = 0;
      if (text.front() == '<') size = markup(text);
      if (text.starts_with("{\\")) size = override_code(text);
      if (size == 0) size = plain(text);
      text.remove_prefix(size);
    }
    while (!open_.empty()) close_last();
    return has_text_ ? without_empty_lines() : std::string();
  }

 private:
  // Each takes what `text` begins with and says how many bytes that were; 0: it is not one.

  std::size_t markup(std::string_view text) {
    const std::size_t end = text.substr(0, kTagMax).find_first_of("<>", 1);
    if (end == std::string_view::npos || text[end] != '>') return 0;
    const std::string_view inside = text.substr(1, end - 1);
    if (is_timestamp(inside)) return end + 1;
    const auto tag = read_tag(inside);
    return tag && apply(*tag) ? end + 1 : 0;
  }

  static std::size_t override_code(std::string_view text) {
    const std::size_t end = text.substr(0, kTagMax).find('}');
    return end == std::string_view::npos ? 0 : end + 1;
  }

  std::size_t plain(std::string_view text) {
    const std::size_t stop = std::min(text.find_first_of("<{", 1), text.size());
    for (const char c : escaped(text.substr(0, stop))) {
      has_text_ = has_text_ || !is_space(c);
      // What was dropped in between must not leave another position behind.
      if (c != '\\' || !out_.ends_with('{')) out_ += c;
    }
    return stop;
  }

  // False: not a tag that we know.
  bool apply(const Tag& tag) {
    const auto& [closes, name, classes, annotation] = tag;
    if (std::ranges::find(kMeaningless, name) != kMeaningless.end()) return true;
    std::string opening = "<" + name;
    if (name == "c") {
      if (are_classes(classes)) opening += classes;
    } else if (name == "v") {
      opening += " " + escaped(annotation);
    } else if (name == "lang") {
      opening += " " + language_tag(annotation);
    } else if (name != "b" && name != "i" && name != "u") {
      return false;
    }
    // No "-->", and nothing at the end that reading it again would trim.
    while (opening.ends_with('-') || is_space(opening.back())) opening.pop_back();
    if (closes) {
      if (std::ranges::find(open_, name) == open_.end()) return true;
      while (open_.back() != name) close_last();
      close_last();
    } else if (open_.size() < kDepthMax && opening != "<v" && opening.size() < kTagMax) {
      out_ += opening + '>';
      open_.push_back(name);
    }
    return true;
  }

  void close_last() {
    out_ += "</" + open_.back() + '>';
    open_.pop_back();
  }

  // An empty line would end the cue.
  [[nodiscard]] std::string without_empty_lines() const {
    std::string lines;
    for (std::string_view rest = out_; !rest.empty();) {
      const std::string_view whole = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), whole.size() + 1));
      const std::string_view line = trimmed(whole);
      if (line.empty()) continue;
      if (!lines.empty()) lines += '\n';
      lines += line;
    }
    return lines;
  }

  std::string out_;
  std::vector<std::string> open_;
  bool has_text_ = false;
};

}  // namespace

std::string safe_cue_text(std::string_view text) {
  std::string lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    lines += printable(line) + '\n';
  }
  return Reducer().reduce(trimmed(lines));
}

}  // namespace package
