// ByteSource: what a child may read, as its parent gets hold of it: an upload's chunks over HTTP, a
// file, a test's string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace worker::sandbox {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Known before, and fixed.
  [[nodiscard]] virtual base::Bytes size() const = 0;

  // Fills `into` from `offset`; the range lies within size(). Blocks, and has its own deadline and
  // its own retries: a failure here ends the task, as none of the file's fault. Called by one
  // thread at a time.
  virtual base::Result<void> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
};

}  // namespace worker::sandbox
