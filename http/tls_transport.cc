// TLS: OpenSSL between two memory sides of our own BIO.
//
//   in    recv() into the loop's input scratch ─► BIO ─► SSL_read ─► plaintext scratch ─► session
//   out   session ─► gathered scratch ─► SSL_write ─► BIO ─► RecordQueue ─► one sendmsg() a batch
//
// Small pieces (frame headers, heads, DATA) are gathered until a record is full, whatever their
// borders; a piece that fills a record by itself is encrypted from where it lies. OpenSSL copies
// the plaintext into its record buffer and encrypts there; the BIO copies the record once more.
//
// A client can use no byte of a record before its last one has come, so the first 64 KiB of a new
// connection, or one that was idle long enough for its congestion window to have shrunk, go out in
// small records.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/slice.h"
#include "http/event_loop.h"
#include "http/record_queue.h"
#include "http/transport.h"

namespace http {
namespace {

constexpr std::size_t kSmallRecord = 4 * 1024;  // Three segments: within any initial window.
constexpr std::size_t kSmallRecordsBytes = 64 * 1024;
constexpr std::chrono::seconds kIdle{1};

constexpr int kReadsPerTurn = 4;  // Of 64 KiB; then the loop's other connections.

class TlsTransport final : public Transport {
 public:
  TlsTransport(int fd, std::shared_ptr<SSL_CTX> context, EventLoop& loop, LoopBuffers& buffers)
      : fd_(fd),
        context_(std::move(context)),
        loop_(loop),
        buffers_(buffers),
        records_(buffers),
        ssl_(SSL_new(context_.get())),
        sent_last_(loop.now()) {
    CHECK(ssl_ != nullptr);
    BIO* bio = BIO_new(bio_method());
    CHECK(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
  }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;
  ~TlsTransport() override { SSL_free(ssl_); }

  State handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) return State::kDone;
    return SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ ? blocked() : State::kFailed;
  }

  [[nodiscard]] std::string_view protocol() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  [[nodiscard]] std::string_view server_name() const override {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string_view() : name;
  }

  Read read() override {
    auto& plaintext = buffers_.plaintext();
    ERR_clear_error();
    const int size = SSL_read(ssl_, plaintext.data(), static_cast<int>(plaintext.size()));
    if (size > 0) return {State::kDone, {plaintext.data(), static_cast<std::size_t>(size)}};
    switch (SSL_get_error(ssl_, size)) {
      case SSL_ERROR_WANT_READ:
        return {blocked(), {}};
      case SSL_ERROR_ZERO_RETURN:
        return {State::kClosed, {}};
      default:
        broken_ = true;
        // Closed without close_notify: for a server no worse than with one.
        return {input_closed_ ? State::kClosed : State::kFailed, {}};
    }
  }

  void begin_batch(std::size_t wanted) override {
    wanted_ = wanted;
    given_ = 0;
    if (loop_.now() - sent_last_ > kIdle) small_left_ = kSmallRecordsBytes;
  }

  [[nodiscard]] std::size_t room() const override { return wanted_ - std::min(wanted_, given_); }

  void copy(std::string_view bytes) override { take(bytes); }
  void share(base::Slice piece) override { take(piece.view()); }

  State flush() override {
    if (gathered_ > 0) seal({buffers_.gathered().data(), std::exchange(gathered_, 0)});
    if (records_.size() == 0) return broken_ ? State::kFailed : State::kDone;
    sent_last_ = loop_.now();
    switch (records_.send(fd_)) {
      case RecordQueue::State::kDone:
        return broken_ ? State::kFailed : State::kDone;
      case RecordQueue::State::kBlocked:
        return State::kBlocked;
      case RecordQueue::State::kFailed:
        break;
    }
    return State::kFailed;
  }

  [[nodiscard]] std::size_t unsent() const override { return records_.size() + gathered_; }
  [[nodiscard]] std::uint64_t sent_total() const override { return records_.sent_total(); }

  void say_goodbye() override {
    if (gathered_ > 0) seal({buffers_.gathered().data(), std::exchange(gathered_, 0)});
    if (!broken_ && SSL_is_init_finished(ssl_) != 0) SSL_shutdown(ssl_);
  }

  [[nodiscard]] std::size_t buffer_bytes() const override { return records_.buffer_bytes(); }

 private:
  void take(std::string_view bytes) {
    given_ += bytes.size();
    auto& gathered = buffers_.gathered();
    while (!bytes.empty()) {
      const std::size_t record = small_left_ > 0 ? kSmallRecord : gathered.size();
      if (gathered_ == 0 && bytes.size() >= record) {
        seal(bytes.substr(0, record));
        bytes.remove_prefix(record);
        continue;
      }
      const std::size_t count = std::min(bytes.size(), record - std::min(record, gathered_));
      std::memcpy(gathered.data() + gathered_, bytes.data(), count);
      gathered_ += count;
      bytes.remove_prefix(count);
      if (gathered_ >= record) seal({gathered.data(), std::exchange(gathered_, 0)});
    }
  }

  void seal(std::string_view record) {
    if (broken_) return;
    small_left_ -= std::min(small_left_, record.size());
    ERR_clear_error();
    // The BIO takes everything, so a write is never short.
    const int written = SSL_write(ssl_, record.data(), static_cast<int>(record.size()));
    if (written != static_cast<int>(record.size())) broken_ = true;
  }

  State blocked() {
    drained_ = false;  // For the next time that the socket is readable.
    reads_left_ = kReadsPerTurn;
    return State::kBlocked;
  }

  int feed(char* to, int size_max) {
    if (input_.empty()) {
      if (drained_ || input_closed_) return -1;
      auto& input = buffers_.input();
      const ssize_t size = recv(fd_, input.data(), input.size(), 0);
      if (size <= 0) {
        const bool later = size < 0 && (errno == EAGAIN || errno == EINTR);
        input_closed_ = size == 0;
        input_failed_ = size < 0 && !later;
        return -1;
      }
      drained_ = static_cast<std::size_t>(size) < input.size() || --reads_left_ == 0;
      input_ = {input.data(), static_cast<std::size_t>(size)};
    }
    const std::size_t count = std::min(input_.size(), static_cast<std::size_t>(size_max));
    std::memcpy(to, input_.data(), count);
    input_.remove_prefix(count);
    return static_cast<int>(count);
  }

  static TlsTransport& self_of(BIO* bio) { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }

  static const BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "headrace");
      CHECK(made != nullptr);
      BIO_meth_set_write(made, [](BIO* bio, const char* bytes, int size) {
        BIO_clear_retry_flags(bio);
        self_of(bio).records_.append({bytes, static_cast<std::size_t>(size)});
        return size;
      });
      BIO_meth_set_read(made, [](BIO* bio, char* to, int size) {
        BIO_clear_retry_flags(bio);
        TlsTransport& self = self_of(bio);
        const int got = self.feed(to, size);
        if (got > 0) return got;
        if (self.input_closed_) return 0;
        if (!self.input_failed_) BIO_set_retry_read(bio);
        return -1;
      });
      BIO_meth_set_ctrl(made, [](BIO* bio, int command, long, void*) -> long {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF) return self_of(bio).input_closed_ ? 1 : 0;
        return 0;
      });
      return made;
    }();
    return method;
  }

  const int fd_;
  const std::shared_ptr<SSL_CTX> context_;  // Holds the certificates that SNI chooses from.
  EventLoop& loop_;
  LoopBuffers& buffers_;
  RecordQueue records_;
  SSL* const ssl_;

  std::string_view input_;  // In the loop's scratch: used up before the callback ends.
  bool drained_ = false;    // The socket gave less than was asked, or it is others' turn.
  int reads_left_ = kReadsPerTurn;
  bool input_closed_ = false;
  bool input_failed_ = false;
  bool broken_ = false;  // OpenSSL gave up; nothing more may be written.

  std::size_t wanted_ = 0;
  std::size_t given_ = 0;
  std::size_t gathered_ = 0;  // In the loop's scratch: sealed before the callback ends.
  std::size_t small_left_ = kSmallRecordsBytes;
  base::MonoTime sent_last_;
};

}  // namespace

std::unique_ptr<Transport> make_tls_transport(int fd, std::shared_ptr<SSL_CTX> context,
                                              EventLoop& loop, LoopBuffers& buffers) {
  return std::make_unique<TlsTransport>(fd, std::move(context), loop, buffers);
}

}  // namespace http
