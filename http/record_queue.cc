#include "http/record_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace http {
namespace {

constexpr std::size_t kChunksPerCall = 32;

}  // namespace

RecordQueue::~RecordQueue() {
  for (LoopBuffers::Chunk& chunk : chunks_) buffers_.give_back(std::move(chunk));
}

void RecordQueue::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = front_ + size_;
    const std::size_t used =
        end - (chunks_.empty() ? 0 : (chunks_.size() - 1)) * LoopBuffers::kChunkBytes;
    if (chunks_.empty() || used == LoopBuffers::kChunkBytes) {
      chunks_.push_back(buffers_.take_chunk());
      continue;
    }
    const std::size_t count = std::min(bytes.size(), LoopBuffers::kChunkBytes - used);
    std::memcpy(chunks_.back().get() + used, bytes.data(), count);
    size_ += count;
    bytes.remove_prefix(count);
  }
}

RecordQueue::State RecordQueue::send(int fd) {
  while (size_ > 0) {
    std::array<iovec, kChunksPerCall> vectors;
    const std::size_t count = std::min(chunks_.size(), vectors.size());
    std::size_t asked = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t skip = i == 0 ? front_ : 0;
      const std::size_t part = std::min(LoopBuffers::kChunkBytes - skip, size_ - asked);
      vectors[i] = {chunks_[i].get() + skip, part};
      asked += part;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? State::kBlocked : State::kFailed;
    }
    drop_sent(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < asked) return State::kBlocked;
  }
  return State::kDone;
}

void RecordQueue::drop_sent(std::size_t count) {
  sent_total_ += count;
  size_ -= count;
  front_ += count;
  // Chunks that are sent whole; with the last byte, the one that was partly filled as well.
  const std::size_t whole = size_ == 0 ? chunks_.size() : front_ / LoopBuffers::kChunkBytes;
  for (std::size_t i = 0; i < whole; ++i) buffers_.give_back(std::move(chunks_[i]));
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(whole));
  front_ = size_ == 0 ? 0 : front_ - whole * LoopBuffers::kChunkBytes;
}

}  // namespace http
