// Plain TCP: sendmsg() straight from the pieces. Only what is copy()ed has memory of its own.
// Pieces whose owner lends them (base/slice.h) are not copied into the kernel either: they go by
// reference, through a pipe.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/slice.h"
#include "http/batch_size.h"
#include "http/loop_buffers.h"
#include "http/transport.h"

namespace http {
namespace {

constexpr std::size_t kPiecesPerCall = 64;
constexpr int kReadsPerTurn = 4;  // Of 64 KiB; then the loop's other connections.
// Two system calls and some work a page: below this a copy is cheaper.
constexpr std::size_t kLendMin = 32 * 1024;
// A head goes beside what was wanted, so that a body of whole blocks is sent as whole blocks.
constexpr std::size_t kHeadRoom = 1024;
// What is lent is not the kernel's memory, so more of it may wait; the loop is woken at half of it,
// and then a whole batch fits.
constexpr int kLentLowWater = 2 * BatchSize::kLentMax;
// So many batches after each other that were copied: what this connection sends is not lent any more.
constexpr int kCopiedMax = 16;

class PlainTransport final : public Transport {
 public:
  PlainTransport(int fd, LoopBuffers& buffers) : fd_(fd), buffers_(buffers) {}
  ~PlainTransport() override {
    release_chunks();
    if (pipe_) buffers_.pipes().drop(std::move(*pipe_));
  }

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

  [[nodiscard]] std::size_t batch_max() const override {
    return lends_ ? BatchSize::kLentMax : BatchSize::kMax;
  }

  void begin_batch(std::size_t wanted) override {
    // A batch of a head alone, or of an object's end, says nothing; many that were copied do.
    copied_batches_ = std::exchange(lent_, false) ? 0 : copied_batches_ + (given_ > 0 ? 1 : 0);
    if (lends_ && copied_batches_ >= kCopiedMax) set_lends(false);
    wanted_ = wanted;
    given_ = 0;
    head_room_ = kHeadRoom;
  }

  [[nodiscard]] std::size_t room() const override { return wanted_ - std::min(wanted_, given_); }

  void copy(std::string_view bytes) override {
    const std::size_t beside = std::min(head_room_, bytes.size());
    head_room_ -= beside;
    given_ += bytes.size() - beside;
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
      if (first_ < pieces_.size() && pieces_.back().keep.empty() && !pieces_.back().lent &&
          pieces_.back().data + pieces_.back().size == to) {
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
    const bool lent = size >= kLendMin && piece.lend();
    pieces_.push_back({data, size, std::move(piece), lent});
  }

  State flush() override {
    while (unsent_ > 0) {
      const bool lent = piped_ > 0 || (pieces_[first_].lent && fill_pipe());
      const Sent sent = lent ? send_pipe() : send_pieces();
      if (sent.bytes < 0) {
        if (errno == EINTR) continue;
        return errno == EAGAIN ? State::kBlocked : State::kFailed;
      }
      drop_sent(static_cast<std::size_t>(sent.bytes));
      if (static_cast<std::size_t>(sent.bytes) < sent.asked) return State::kBlocked;
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
    bool lent = false;
  };
  struct Sent {
    ssize_t bytes;  // Negative: errno tells.
    std::size_t asked;
  };

  Sent send_pieces() {
    std::array<iovec, kPiecesPerCall> vectors;
    std::size_t count = 0;
    std::size_t asked = 0;
    bool lent_follows = false;
    for (std::size_t i = first_; i < pieces_.size() && count < vectors.size(); ++i) {
      const Piece& piece = pieces_[i];
      lent_follows = piece.lent;
      if (lent_follows) break;
      vectors[count++] = {const_cast<char*>(piece.data), piece.size};
      asked += piece.size;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    return {sendmsg(fd_, &message, MSG_NOSIGNAL | (lent_follows ? MSG_MORE : 0)), asked};
  }

  // False: there is no way to lend the next piece, which is to be copied then.
  bool fill_pipe() {
    if (!pipe_) pipe_ = buffers_.pipes().take();
    if (pipe_) {
      std::array<iovec, kPiecesPerCall> vectors;
      std::size_t count = 0;
      for (std::size_t i = first_; i < pieces_.size() && pieces_[i].lent; ++i) {
        if (count == vectors.size()) break;
        vectors[count++] = {const_cast<char*>(pieces_[i].data), pieces_[i].size};
      }
      const ssize_t taken = vmsplice(pipe_->in.get(), vectors.data(), count, SPLICE_F_NONBLOCK);
      if (taken > 0) piped_ = static_cast<std::size_t>(taken);
    }
    if (piped_ == 0) {
      if (pipe_) buffers_.pipes().give_back(std::move(*pipe_));
      pipe_.reset();
      pieces_[first_].lent = false;
      return false;
    }
    lent_ = true;
    if (!lends_) set_lends(true);
    return true;
  }

  void set_lends(bool lends) {
    lends_ = lends;
    const int low_water = lends ? kLentLowWater : kUnsentLowWater;
    setsockopt(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
  }

  Sent send_pipe() {
    const std::size_t asked = piped_;
    const unsigned more = asked < unsent_ ? SPLICE_F_MORE : 0;
    const ssize_t sent =
        splice(pipe_->out.get(), nullptr, fd_, nullptr, asked, SPLICE_F_NONBLOCK | more);
    if (sent > 0) piped_ -= static_cast<std::size_t>(sent);
    if (piped_ == 0) {
      buffers_.pipes().give_back(std::move(*pipe_));
      pipe_.reset();
    }
    return {sent, asked};
  }

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
  std::size_t head_room_ = 0;
  std::vector<Piece> pieces_;  // Unsent ones from first_ on.
  std::size_t first_ = 0;
  std::size_t unsent_ = 0;
  std::uint64_t sent_total_ = 0;
  std::optional<PipePool::Pipe> pipe_;      // While bytes are in it.
  std::size_t piped_ = 0;                   // So many of the unsent ones, the first.
  bool lends_ = false;                      // kLentLowWater is set.
  int copied_batches_ = 0;                  // Since the last that was lent.
  bool lent_ = false;                       // Something of this batch.
  std::vector<LoopBuffers::Chunk> chunks_;  // What the pieces without `keep` point into.
  std::size_t chunk_used_ = 0;              // Of the last one.
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int fd, LoopBuffers& buffers) {
  return std::make_unique<PlainTransport>(fd, buffers);
}

}  // namespace http
