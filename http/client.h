// Client: fetches from HTTP/1.1 origins with libcurl, on one event loop.
//
// One curl multi handle per Client, so one keep-alive pool per loop; connections are pooled per
// (scheme, host, port, TLS settings) by libcurl. Redirects are not followed; no proxy, cookie or
// default header comes from the environment. After a protocol error a connection is not reused.
//
// A kept connection that the origin closed just as it was used again costs a safe request (GET,
// HEAD, OPTIONS, TRACE without a body) nothing: it is sent again on a fresh one. Any other request
// fails with kProtocol rather than reach the origin twice.
//
// Ownership  start() returns the Fetch; destroying it cancels the transfer, and no event follows.
//            The Client outlives its Fetches; the events object and the request's BodySource
//            outlive their Fetch, or its on_end().
// Threads    All on the loop's thread. SIGPIPE must be ignored (base/signals.h): OpenSSL writes to
//            sockets that an origin has closed.
// Reentry    Events never run inside start(), resume(), wake_body() or a Fetch's destructor. An
//            event may destroy its own Fetch and any other, and start new ones.
// Errors     on_end() gets kUnreachable (connect, DNS, TLS verify), kTimeout (with which one),
//            kProtocol (malformed, over a limit, cut short), kAborted (request body failed),
//            kOverloaded (no place became free), kInvalid (a request that can't be sent); blame
//            kOrigin, for a failed request body kClient, for the last two kUs. The context names
//            the origin, never the path.
// Places     Of one origin at most connections_max fetches are under way; the others wait in line,
//            oldest first, for timeouts.place. That time is not the origin's connect timeout.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_budget.h"
#include "base/fields.h"
#include "base/result.h"
#include "http/body.h"
#include "http/event_loop.h"

namespace http {

struct OriginTls {
  bool verify = true;
  std::string ca_file;             // Empty: the system's.
  std::string server_name;         // SNI and name to verify; empty: the URL's host.
  std::string client_certificate;  // PEM paths; empty: none.
  std::string client_key;
};

// 0: none.
struct FetchTimeouts {
  std::chrono::milliseconds place{3'000};  // In line, while others have all the connections.
  std::chrono::milliseconds connect{3'000};
  std::chrono::milliseconds first_byte{15'000};  // From the request sent to the response's head.
  // No body byte, while we are willing to read; and none of the request's taken, while it has some.
  std::chrono::milliseconds stall{15'000};
  std::chrono::milliseconds total{0};
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;  // "http://127.0.0.1:9000/v/1.mp4?t=3"; sent as it is, dots included.
  // The whole list, Host included if it is to differ from the URL's. Framing and connection fields
  // (Content-Length, Transfer-Encoding, Connection, Expect, ...) are the client's own: left out.
  base::Fields fields;
  FetchTimeouts timeouts;
  OriginTls tls;
  std::uint32_t connections_max = 0;  // To this origin; 0: ClientOptions' number.
  BodySource* body = nullptr;         // Null: none. Woken with Fetch::wake_body(). Ignored on HEAD.
  std::optional<std::uint64_t> body_length;  // None with a body: chunked.
};

class FetchEvents {
 public:
  virtual ~FetchEvents() = default;
  // The final response's head (1xx are skipped). Framing and connection fields are gone, except
  // Content-Length, which is as the origin sent it.
  virtual void on_head(int status, base::Fields fields) = 0;
  // False: pause. Nothing of `bytes` was taken; they come again after Fetch::resume().
  virtual bool on_body(std::string_view bytes) = 0;
  // Once, last. Success means that the body was complete by its framing. (One that only the
  // connection's end frames is complete when it ends: libcurl does not tell a TLS connection that
  // was closed from one that was cut.)
  virtual void on_end(base::Result<void> outcome) = 0;
};

class Fetch {
 public:
  virtual ~Fetch() = default;
  virtual void resume() = 0;     // After on_body() returned false.
  virtual void wake_body() = 0;  // The request's BodySource has more after kPending.
  // From on_head() on: the response's body is framed by the connection's end alone. RFC 9112 §6.3.
  [[nodiscard]] virtual bool ends_with_connection() const = 0;
};

struct ClientOptions {
  std::uint32_t connections_per_origin_max = 256;  // Over: fetches wait in line.
  std::uint32_t line_max = 4'096;                  // For one origin. Over: kOverloaded.
  std::uint32_t idle_connections_max = 64;         // In all. Over: the longest idle is closed.
  // Shorter than the 75 s of nginx and the 60 s of common balancers, so that it is we who close.
  std::chrono::seconds idle_max{50};
  // Of a transfer; less, down to 16 KiB, when `buffers` is used up.
  std::uint32_t receive_buffer_bytes = 256 * 1024;
  base::ByteBudget* buffers = nullptr;  // Outlives the client. Null: unbounded.
  // A response's head, with 1xx heads before and trailers after it. Over: kProtocol.
  std::uint32_t head_fields_max = 128;
  std::uint32_t head_bytes_max = 64 * 1024;
};

class Client {
 public:
  Client(EventLoop& loop, const ClientOptions& options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  std::unique_ptr<Fetch> start(FetchRequest request, FetchEvents& events);

  [[nodiscard]] std::size_t in_flight() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace http
