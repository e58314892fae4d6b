// SourceFile: the file that is uploaded.
//
// Threads    Any.
// Errors     open(): kNotFound, kDenied, kInvalid (no file, or empty). Reading: kIo; kInvalid when the
//            file became shorter meanwhile.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cli {

class SourceFile {
 public:
  static base::Result<SourceFile> open(const std::string& path);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Fills `into`.
  base::Result<void> read(std::uint64_t offset, std::span<char> into) const;
  // The SHA-256 of a part, in hex.
  [[nodiscard]] base::Result<std::string> hash(std::uint64_t offset, std::uint64_t length) const;

 private:
  base::UniqueFd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace cli
