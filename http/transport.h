// Transport: what lies between a Connection and its socket: nothing (plain_transport) or TLS
// records made by OpenSSL (tls_transport). Kernel TLS would be a third.
//
// A batch: begin_batch() says how much is wanted; what is then put into the Output part is sent by
// flush() in one system call. Between callbacks only bytes that the socket refused are held.
//
// SIGPIPE    Must be ignored by the process (base/signals.h): splice() and OpenSSL can't be told not
//            to send it.
// Threads    Its loop's only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/batch_size.h"
#include "http/session.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace http {

class LoopBuffers;

// What the kernel may hold unsent for one client. Unlimited, a thousand stalled clients can pin
// 4 GB of its memory.
inline constexpr int kUnsentLowWater = 128 * 1024;

class Transport : public Output {
 public:
  enum class State {
    kDone,
    kBlocked,  // Go on when the socket is ready again.
    kClosed,   // The client has closed its side in order.
    kFailed,   // Reset, or a violation of TLS.
  };

  // May leave bytes to be flushed, after a failure too (an alert).
  virtual State handshake() = 0;
  // "h2", "http/1.1", or empty: none was negotiated. After the handshake.
  [[nodiscard]] virtual std::string_view protocol() const = 0;
  [[nodiscard]] virtual std::string_view server_name() const = 0;

  struct Read {
    State state = State::kBlocked;
    std::string_view bytes;  // With kDone; good until the next call of anything on this loop.
  };
  // After the socket became readable: call until it is kBlocked, or bytes of input may be lost.
  virtual Read read() = 0;

  [[nodiscard]] virtual std::size_t batch_max() const { return BatchSize::kMax; }
  virtual void begin_batch(std::size_t wanted) = 0;
  virtual State flush() = 0;  // kDone: nothing is unsent.
  [[nodiscard]] virtual std::size_t unsent() const = 0;
  [[nodiscard]] virtual std::uint64_t sent_total() const = 0;  // Bytes that the socket took.
  // Tells the client, within the protocol, that nothing follows. Then flush().
  virtual void say_goodbye() = 0;

  [[nodiscard]] virtual std::size_t buffer_bytes() const = 0;
};

std::unique_ptr<Transport> make_plain_transport(int fd, LoopBuffers& buffers);
// The loop's clock tells when a connection was idle; see tls_transport.cc.
std::unique_ptr<Transport> make_tls_transport(int fd, std::shared_ptr<SSL_CTX> context,
                                              EventLoop& loop, LoopBuffers& buffers);

}  // namespace http
