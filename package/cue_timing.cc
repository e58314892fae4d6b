#include "package/cue_timing.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace package {
namespace {

constexpr std::string_view kArrow = "-->";

void skip_space(std::string_view& text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  skip_space(text);
  return word;
}

// The digits that `text` begins with; none: there are none, or more than `most`.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t most) {
  std::int64_t value = 0;
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
    if (count == most) return std::nullopt;
    value = value * 10 + (text[count++] - '0');
  }
  text.remove_prefix(count);
  return count == 0 ? std::nullopt : std::optional(value);
}

std::optional<std::chrono::milliseconds> read_time(std::string_view text) {
  std::array<std::int64_t, 3> parts{};  // Hours, minutes, seconds.
  std::size_t count = 0;
  while (true) {
    const auto number = take_number(text, 2);
    if (!number || count == parts.size()) return std::nullopt;
    parts[count++] = *number;
    if (!text.starts_with(':')) break;
    text.remove_prefix(1);
  }
  if (count < 2) return std::nullopt;
  if (count == 2) parts = {0, parts[0], parts[1]};
  std::int64_t ms = 0;
  if (text.starts_with('.') || text.starts_with(',')) {
    text.remove_prefix(1);
    const std::size_t digits = text.size();
    const auto number = take_number(text, 3);
    if (!number) return std::nullopt;
    ms = *number * (digits == 1 ? 100 : digits == 2 ? 10 : 1);
  }
  if (!text.empty() || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return std::chrono::milliseconds(((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1'000 + ms);
}

// "line:0": a name that WebVTT has, and characters that its values have.
bool is_setting(std::string_view word) {
  constexpr std::array<std::string_view, 5> kNames = {"vertical", "line", "position", "size",
                                                      "align"};
  const std::size_t colon = std::min(word.find(':'), word.size());
  const std::string_view value = word.substr(std::min(word.size(), colon + 1));
  return std::ranges::find(kNames, word.substr(0, colon)) != kNames.end() && !value.empty() &&
         std::ranges::all_of(value,
                             [](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                      std::string_view(".,%-").contains(c);
                             }) &&
         !value.contains("--");
}

}  // namespace

bool is_timing(std::string_view line) { return line.contains(kArrow); }

std::optional<CueTiming> read_timing(std::string_view line) {
  const std::size_t arrow = line.find(kArrow);
  if (arrow == std::string_view::npos) return std::nullopt;
  std::string_view before = line.substr(0, arrow);
  std::string_view after = line.substr(arrow + kArrow.size());
  skip_space(before);
  skip_space(after);
  const auto start = read_time(take_word(before));
  const auto end = read_time(take_word(after));
  if (!start || !end || !before.empty()) return std::nullopt;
  CueTiming timing{.start = *start, .end = *end};
  while (!after.empty()) {
    const std::string_view word = take_word(after);
    if (!is_setting(word)) continue;
    if (!timing.settings.empty()) timing.settings += ' ';
    timing.settings += word;
  }
  return timing;
}

}  // namespace package
