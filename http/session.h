// Session: one protocol (HTTP/1.1 or HTTP/2) on one connection. Connection: the socket, TLS and the
// batching of output under it.
//
//   socket ─► Connection ─► Session::receive() ─► Exchange ─► Responder
//   socket ◄─ Connection ◄─ Output ◄─ Session::produce() ◄─ Responder::pull()
//
// Output is pulled, too: when the socket takes bytes and the session has said want_output(), the
// connection calls produce() with an Output that has room for about one batch (64–256 KiB, less on
// a new or slow connection) and sends what was put there in one write. What lies in the Output is
// the only unsent body, so a stalled client pins one batch.
//
// Threads    All on the connection's loop.
// Ownership  The Connection owns the Session and destroys it only from the loop's own callback, so
//            a Session may finish() inside any call. It is not called after that.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/slice.h"
#include "http/exchange.h"
#include "http/limits.h"

namespace http {

class EventLoop;

// Where a session puts bytes, in order.
class Output {
 public:
  virtual ~Output() = default;
  // How many more bytes this batch wants; a session may overshoot by one frame or head.
  [[nodiscard]] virtual std::size_t room() const = 0;
  virtual void copy(std::string_view bytes) = 0;  // Small things: heads, frame headers.
  virtual void share(base::Slice piece) = 0;      // Bodies: by reference on plain sockets, one
                                                  // gather into the TLS record on encrypted ones.
};

// What the connection does for its session.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  [[nodiscard]] virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual const Peer& peer() const = 0;
  [[nodiscard]] virtual const Limits& limits() const = 0;
  [[nodiscard]] virtual const Handler& handler() const = 0;

  // There is something to produce(). Cheap; the write happens after the current callbacks.
  virtual void want_output() = 0;
  // Reading from the socket: false holds the client back.
  virtual void want_input(bool wanted) = 0;
  // Over: flush what is produced, then close. `abruptly`: close with unsent bytes dropped (RST
  // where possible), so that the client can't take a cut body for a whole one.
  virtual void finish(bool abruptly) = 0;
  // Counts a limit that ended something: headrace_http_limit_total{limit="…"}.
  virtual void count_limit(std::string_view limit) = 0;
};

class Session {
 public:
  virtual ~Session() = default;  // Ends exchanges under way: finished(kClientLeft), or the reason.

  virtual void receive(std::string_view bytes) = 0;  // Takes all of it.
  virtual void client_closed() = 0;                  // The client will send no more.
  virtual void produce(Output& output) = 0;
  // About every second: deadlines and minimum rates. `output_blocked`: the socket has taken nothing
  // although bytes were waiting, since that time.
  virtual void tick(base::MonoTime now, std::optional<base::MonoTime> output_blocked_since) = 0;
  virtual void drain() = 0;                     // Finish what is under way, take nothing new.
  [[nodiscard]] virtual bool idle() const = 0;  // No exchange under way.
  [[nodiscard]] virtual std::size_t exchanges() const = 0;
  [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
};

std::unique_ptr<Session> make_http1_session(SessionHost& host);
std::unique_ptr<Session> make_http2_session(SessionHost& host);

}  // namespace http
