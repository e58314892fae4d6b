// InputBuffer: bytes received and not yet dealt with, taken from the front.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/check.h"

namespace http {

class InputBuffer {
 public:
  [[nodiscard]] std::string_view view() const { return std::string_view(bytes_).substr(start_); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - start_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

  void append(std::string_view more) {
    if (more.empty()) return;
    // What was taken goes once it is the greater part, so each byte is moved at most once.
    if (start_ > bytes_.size() / 2) {
      bytes_.erase(0, start_);
      start_ = 0;
    }
    bytes_ += more;
  }

  void take(std::size_t count) {
    CHECK(count <= size());
    start_ += count;
    if (start_ == bytes_.size()) {
      bytes_.clear();
      start_ = 0;
    }
  }

  // Gives back memory that an idle connection should not hold.
  void release_if_empty() {
    if (empty() && bytes_.capacity() > kKeptMax) std::string().swap(bytes_);
  }

 private:
  static constexpr std::size_t kKeptMax = 4096;
  std::string bytes_;
  std::size_t start_ = 0;
};

}  // namespace http
