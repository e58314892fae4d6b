// The lines of a caption file, with their numbers; '\n', '\r\n' and '\r' end one. Copying it is
// looking ahead.
#pragma once

#include <cstddef>
#include <string_view>

namespace package {

class CaptionLines {
 public:
  explicit CaptionLines(std::string_view text) : rest_(text) { read(); }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] std::string_view line() const { return line_; }  // Without trailing space.
  [[nodiscard]] std::size_t number() const { return number_; }   // From 1.
  [[nodiscard]] bool is_blank() const { return line_.empty(); }

  void next() {
    ++number_;
    read();
  }
  void skip_blank() {
    while (!done_ && is_blank()) next();
  }
  void skip_block() {
    while (!done_ && !is_blank()) next();
  }

 private:
  void read() {
    done_ = rest_.empty();
    const std::size_t end = rest_.find_first_of("\r\n");
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(line_.size());
    rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : rest_.empty() ? 0 : 1);
    const std::size_t last = line_.find_last_not_of(" \t");
    line_ = line_.substr(0, last == std::string_view::npos ? 0 : last + 1);
  }

  std::string_view rest_;
  std::string_view line_;
  std::size_t number_ = 1;
  bool done_ = false;
};

}  // namespace package
