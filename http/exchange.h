// Exchange and Responder: one request and its response, seen from the two sides of the wire.
//
//   session (HTTP/1.1 connection or HTTP/2 stream)  implements Exchange
//   application (edge::Request, origin's endpoint)  implements Responder
//
// Life   1 The session has parsed a head: it calls its Handler, which returns a Responder.
//        2 The session calls start(). From here on the Responder may read the request's body, and
//          calls respond() at most once, in start() or later.
//        3 The session pulls the response's body from the Responder as the socket takes it.
//        4 The exchange ends: sent whole, reset by the client, cut by a limit, or abort()ed. The
//          session calls finished() once and destroys the Responder. No Exchange call is legal
//          from then on.
//
// Ownership  The session owns the Responder; the Responder's reference to the Exchange is good for
//            the Responder's whole life.
// Threads    All calls on the connection's loop.
// Reentry    The session may be called (respond, wake, abort) from inside any Responder call but
//            pull() and finished(). The session never destroys the Responder inside a call that
//            the Responder made, nor inside one of its own; it defers that to the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/body.h"
#include "http/message.h"

namespace http {

class EventLoop;

// What is known of the connection that carries an exchange.
struct Peer {
  std::string address;  // Numeric, without the port: "192.0.2.7", "2001:db8::1".
  std::uint16_t port = 0;
  bool tls = false;
  std::string server_name;  // TLS SNI; empty when none.
};

enum class Ending {
  kComplete,    // The whole response was handed to the socket.
  kClientLeft,  // The client reset the stream or closed the connection first.
  kAborted,     // The Responder aborted, or its body failed.
  kLimit,       // A limit of ours (deadline, minimum rate, flood budget) ended it.
};

struct Outcome {
  Ending ending = Ending::kComplete;
  std::uint64_t body_bytes_sent = 0;      // Of the response's body, handed to the socket.
  std::uint64_t body_bytes_received = 0;  // Of the request's body.
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  [[nodiscard]] virtual const RequestHead& request() const = 0;
  [[nodiscard]] virtual const Peer& peer() const = 0;
  [[nodiscard]] virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual base::MonoTime started() const = 0;  // When the head had arrived.

  // The request's body; the Responder is woken by Responder::request_body_ready(). A Responder that
  // never pulls refuses the body: the session discards what is small and else ends the connection
  // after the response. The first pull answers an `Expect: 100-continue`.
  virtual BodySource& request_body() = 0;

  // Starts the response. `length` is the body's length in bytes when known; the Responder is then
  // held to it. Without it the body is chunked (or ended by close on HTTP/1.0). For a HEAD request
  // and for 204 and 304 no body is pulled; `length` still names the Content-Length (none: leave it
  // out). At most once.
  virtual void respond(ResponseHead head, std::optional<std::uint64_t> length) = 0;

  // The Responder's body has more after kPending. Harmless at any other time.
  virtual void wake() = 0;

  // Ends the exchange so that the client can tell it was not complete: RST_STREAM (INTERNAL_ERROR)
  // or, on HTTP/1, the connection closed short. finished() follows from the loop.
  virtual void abort() = 0;
};

class Responder : public BodySource {
 public:
  virtual void start() = 0;

  // The next piece of the response's body; see BodySource. Exactly `length` bytes in all when
  // respond() named a length: fewer, or more, is a failure and aborts the exchange.
  Pulled pull(std::size_t max) override = 0;

  virtual void request_body_ready() {}

  virtual void finished(const Outcome& outcome) { (void)outcome; }
};

// Makes the application's side of a new exchange. Never null. Called on the connection's loop.
using Handler = std::function<std::unique_ptr<Responder>(Exchange&)>;

// A Responder for small answers: fixed head and body, nothing read.
std::unique_ptr<Responder> make_fixed_responder(Exchange& exchange, ResponseHead head,
                                                std::string body);

}  // namespace http
