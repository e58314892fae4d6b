#include "base/fields.h"

#include <algorithm>
#include <iterator>

namespace base {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<std::uint32_t>(text_.size()),
                      static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  std::transform(name.begin(), name.end(), std::back_inserter(text_), lower);
  text_.append(value);
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::remove(std::string_view name) {
  // The text of removed fields stays in the buffer: heads are short-lived, and moving text would
  // cost more than the few bytes it frees.
  std::erase_if(entries_, [&](const Entry& entry) {
    return equals_ignoring_case({text_.data() + entry.offset, entry.name_size}, name);
  });
}

void Fields::clear() {
  text_.clear();
  entries_.clear();
}

void Fields::reserve(std::size_t fields, std::size_t bytes) {
  entries_.reserve(fields);
  text_.reserve(bytes);
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (const Field field : *this) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t found = 0;
  for (const Field field : *this) found += field.name == name ? 1 : 0;
  return found;
}

std::string Fields::joined(std::string_view name) const {
  std::string all;
  for (const Field field : *this) {
    if (field.name != name) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  return all;
}

Field Fields::operator[](std::size_t index) const {
  const Entry& entry = entries_[index];
  const char* text = text_.data() + entry.offset;
  return {{text, entry.name_size}, {text + entry.name_size, entry.value_size}};
}

std::size_t Fields::text_bytes() const {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.name_size + entry.value_size;
  return bytes;
}

bool operator==(const Fields& a, const Fields& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](Field x, Field y) { return x.name == y.name && x.value == y.value; });
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string to_lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace base
