// Plain TCP: sendmsg() straight from the pieces. Only what is copy()ed has memory of its own.

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/slice.h"
#include "http/loop_buffers.h"
#include "http/transport.h"

namespace http {
namespace {

constexpr std::size_t kPiecesPerCall = 64;
constexpr int kReadsPerTurn = 4;  // Of 64 KiB; then the loop's other connections.

class PlainTransport final : public Transport {
 public:
  PlainTransport(int fd, LoopBuffers& buffers) : fd_(fd), buffers_(buffers) {}
  ~PlainTransport() override { release_chunks(); }

  State handshake() override { return State::kDone; }
  [[nodiscard]] std::string_view protocol() const override { return {}; }
  [[nodiscard]] std::string_view server_name() const override { return {}; }

  Read read() override {
    if (std::exchange(drained_, false)) {
      reads_left_ = kReadsPerTurn;
      return {State::kBlocked, {}};
    }
    auto& input = buffers_.input();
    const ssize_t size = recv(fd_, input.data(), input.size(), 0);
    if (size == 0) return {State::kClosed, {}};
    if (size < 0) {
      const bool later = errno == EAGAIN || errno == EINTR;
      return {later ? State::kBlocked : State::kFailed, {}};
    }
    // Less than was asked: the next call would only say EAGAIN.
    drained_ = static_cast<std::size_t>(size) < input.size() || --reads_left_ == 0;
    return {State::kDone, {input.data(), static_cast<std::size_t>(size)}};
  }

  void begin_batch(std::size_t wanted) override {
    wanted_ = wanted;
    given_ = 0;
  }

  [[nodiscard]] std::size_t room() const override { return wanted_ - std::min(wanted_, given_); }

  void copy(std::string_view bytes) override {
    given_ += bytes.size();
    while (!bytes.empty()) {
      if (chunk_used_ == LoopBuffers::kChunkBytes || chunks_.empty()) {
        chunks_.push_back(buffers_.take_chunk());
        chunk_used_ = 0;
      }
      char* const to = chunks_.back().get() + chunk_used_;
      const std::size_t count = std::min(bytes.size(), LoopBuffers::kChunkBytes - chunk_used_);
      std::memcpy(to, bytes.data(), count);
      chunk_used_ += count;
      unsent_ += count;
      bytes.remove_prefix(count);
      if (first_ < pieces_.size() && pieces_.back().data + pieces_.back().size == to) {
        pieces_.back().size += count;  // Heads that follow each other are one piece.
      } else {
        pieces_.push_back({to, count, {}});
      }
    }
  }

  void share(base::Slice piece) override {
    given_ += piece.size();
    unsent_ += piece.size();
    if (piece.empty()) return;
    const char* const data = piece.data();
    const std::size_t size = piece.size();
    pieces_.push_back({data, size, std::move(piece)});
  }

  State flush() override {
    while (unsent_ > 0) {
      std::array<iovec, kPiecesPerCall> vectors;
      const std::size_t count = std::min(pieces_.size() - first_, vectors.size());
      std::size_t asked = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const Piece& piece = pieces_[first_ + i];
        vectors[i] = {const_cast<char*>(piece.data), piece.size};
        asked += piece.size;
      }
      msghdr message{};
      message.msg_iov = vectors.data();
      message.msg_iovlen = count;
      const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EINTR) continue;
        return errno == EAGAIN ? State::kBlocked : State::kFailed;
      }
      drop_sent(static_cast<std::size_t>(sent));
      if (static_cast<std::size_t>(sent) < asked) return State::kBlocked;
    }
    return State::kDone;
  }

  [[nodiscard]] std::size_t unsent() const override { return unsent_; }
  [[nodiscard]] std::uint64_t sent_total() const override { return sent_total_; }
  void say_goodbye() override {}
  [[nodiscard]] std::size_t buffer_bytes() const override {
    return chunks_.size() * LoopBuffers::kChunkBytes;
  }

 private:
  struct Piece {
    const char* data;
    std::size_t size;
    base::Slice keep;  // Empty for what lies in chunks_.
  };

  void drop_sent(std::size_t count) {
    sent_total_ += count;
    unsent_ -= count;
    while (count > 0) {
      Piece& piece = pieces_[first_];
      const std::size_t part = std::min(count, piece.size);
      piece.data += part;
      piece.size -= part;
      count -= part;
      if (piece.size > 0) return;
      piece.keep = {};
      ++first_;
    }
    if (first_ < pieces_.size()) return;
    pieces_.clear();
    first_ = 0;
    release_chunks();
  }

  void release_chunks() {
    for (LoopBuffers::Chunk& chunk : chunks_) buffers_.give_back(std::move(chunk));
    chunks_.clear();
    chunk_used_ = 0;
  }

  const int fd_;
  LoopBuffers& buffers_;
  bool drained_ = false;  // The socket gave less than was asked, or it is others' turn.
  int reads_left_ = kReadsPerTurn;
  std::size_t wanted_ = 0;
  std::size_t given_ = 0;
  std::vector<Piece> pieces_;  // Unsent ones from first_ on.
  std::size_t first_ = 0;
  std::size_t unsent_ = 0;
  std::uint64_t sent_total_ = 0;
  std::vector<LoopBuffers::Chunk> chunks_;  // What the pieces without `keep` point into.
  std::size_t chunk_used_ = 0;              // Of the last one.
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int fd, LoopBuffers& buffers) {
  return std::make_unique<PlainTransport>(fd, buffers);
}

}  // namespace http
