// BatchSize: how much a connection produces before it asks the socket. What the socket takes at
// once doubles it; what it refuses shrinks it to what it took, so that a slow or stalled client
// pins little of ours.
#pragma once

#include <algorithm>
#include <cstddef>

namespace http {

class BatchSize {
 public:
  // Multiples of 16 KiB, so that a batch is whole TLS records.
  static constexpr std::size_t kUnit = 16 * 1024;
  static constexpr std::size_t kMin = kUnit;
  static constexpr std::size_t kStart = 4 * kUnit;
  static constexpr std::size_t kMax = 16 * kUnit;
  // Of pages that the kernel takes by reference: fewer turns a response, and nothing is copied.
  static constexpr std::size_t kLentMax = 32 * kUnit;

  [[nodiscard]] std::size_t size() const { return size_; }

  // A batch that was cut for lack of data says nothing about the socket.
  void all_taken(std::size_t bytes, std::size_t max = kMax) {
    if (bytes >= size_) size_ = std::min(size_ * 2, max);
  }
  void blocked(std::size_t bytes_taken) {
    size_ = std::clamp(bytes_taken / kUnit * kUnit, kMin, kLentMax);
  }

 private:
  std::size_t size_ = kStart;
};

}  // namespace http
