// ByteSource: the file that is being read, as ranges. In the sandbox these come from the parent; in
// a test, from memory or a file.
//
// Threads    One at a time.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace media {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Fills `into` with the bytes from `offset`; all of them lie within size().
  virtual base::Result<void> read(std::uint64_t offset, std::span<char> into) = 0;
};

}  // namespace media
