// CDN-Cache-Control is a Dictionary of structured fields (RFC 8941 §3.2, §4.2): stricter than
// Cache-Control, and void as a whole when any part of it does not parse (RFC 9213 §2.1).
#include <utility>
#include <vector>

#include "cache/cache_directive.h"

namespace cache {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_key(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
constexpr bool is_token(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}

// Reads from left to right; after the first mismatch ok() is false and nothing more is read.
class DictionaryReader {
 public:
  explicit DictionaryReader(std::string_view text) : rest_(text) {}

  // Members as directives: "?1" as one without an argument, "?0" left out. A key given again
  // replaces what it had.
  std::optional<std::vector<CacheDirective>> read() {
    std::vector<CacheDirective> members;
    skip(" ");
    while (ok_ && !rest_.empty()) {
      member(members);
      skip(" \t");
      if (rest_.empty()) break;
      expect(',');
      skip(" \t");
      if (rest_.empty()) ok_ = false;  // A comma at the end.
    }
    if (!ok_) return std::nullopt;
    return members;
  }

 private:
  [[nodiscard]] char peek() const { return ok_ && !rest_.empty() ? rest_.front() : '\0'; }

  void skip(std::string_view any_of) {
    while (!rest_.empty() && any_of.find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }

  void expect(char c) {
    ok_ = ok_ && peek() == c;
    if (ok_) rest_.remove_prefix(1);
  }

  template <class Is>
  std::string_view take_while(Is is) {
    std::size_t size = 0;
    while (size < rest_.size() && is(rest_[size])) ++size;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  void member(std::vector<CacheDirective>& members) {
    const std::string_view name = key();
    std::erase_if(members, [&](const CacheDirective& other) { return other.name == name; });
    if (peek() == '=') {
      expect('=');
      const std::string_view argument = peek() == '(' ? inner_list() : bare_item();
      if (argument == "?1") {
        members.push_back({name, std::nullopt});
      } else if (argument != "?0") {
        members.push_back({name, argument});
      }
    } else {
      members.push_back({name, std::nullopt});
    }
    parameters();
  }

  std::string_view key() {
    if (!is_lower(peek()) && peek() != '*') ok_ = false;
    return take_while(is_key);
  }

  void parameters() {
    while (peek() == ';') {
      expect(';');
      skip(" ");
      key();
      if (peek() == '=') {
        expect('=');
        bare_item();
      }
    }
  }

  // The text of the item; a string keeps its quotes, and so is no number.
  std::string_view bare_item() {
    const std::string_view before = rest_;
    const char first = peek();
    if (is_digit(first) || first == '-') {
      number();
    } else if (first == '"') {
      string();
    } else if (is_alpha(first) || first == '*') {
      take_while(is_token);
    } else if (first == ':') {
      expect(':');
      take_while(
          [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '='; });
      expect(':');
    } else if (first == '?') {
      expect('?');
      ok_ = ok_ && (peek() == '0' || peek() == '1');
      if (ok_) rest_.remove_prefix(1);
    } else {
      ok_ = false;
    }
    return before.substr(0, before.size() - rest_.size());
  }

  void number() {
    if (peek() == '-') expect('-');
    const std::size_t whole = take_while(is_digit).size();
    if (whole == 0 || whole > 15) ok_ = false;
    if (peek() != '.') return;
    expect('.');
    const std::size_t fraction = take_while(is_digit).size();
    if (whole > 12 || fraction == 0 || fraction > 3) ok_ = false;
  }

  void string() {
    expect('"');
    while (ok_ && peek() != '"') {
      const char c = peek();
      if (c == '\\') {
        expect('\\');
        ok_ = ok_ && (peek() == '"' || peek() == '\\');
      } else if (c < 0x20 || c > 0x7e) {
        ok_ = false;
      }
      if (ok_) rest_.remove_prefix(1);
    }
    expect('"');
  }

  std::string_view inner_list() {
    const std::string_view before = rest_;
    expect('(');
    skip(" ");
    while (ok_ && peek() != ')') {
      bare_item();
      parameters();
      if (peek() != ' ' && peek() != ')') ok_ = false;
      skip(" ");
    }
    expect(')');
    return before.substr(0, before.size() - rest_.size());
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::optional<CacheControl> parse_targeted(std::string_view value) {
  const auto members = DictionaryReader(value).read();
  if (!members || members->empty()) return std::nullopt;
  CacheControl control;
  for (const CacheDirective& member : *members) add_directive(control, member);
  return control;
}

}  // namespace cache
