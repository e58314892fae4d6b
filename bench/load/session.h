// Session: HTTP on one connection, seen from the client. It turns requests into bytes and bytes
// into what happened to them; the connection moves the bytes.
//
// Ownership  Exchanges belong to the caller and stay in place until on_end().
// Reentry    submit() may be called inside on_end(). Nothing else may be called inside an event.
// Errors     Every submitted exchange gets exactly one on_end(), at the latest from close().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/exchange.h"

namespace load {

enum class End {
  kComplete,  // A whole response, right or wrong.
  kStopped,   // We had seen enough.
  kReset,     // The server reset the stream.
  kRefused,   // The server says that it never looked at it: ask again.
  kClosed,    // The connection ended first.
  kProtocol,  // Broken framing.
};

class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  virtual void on_head(Exchange& exchange, const ResponseHead& head) = 0;
  // False: enough of this response; the session stops it and reports kStopped.
  virtual bool on_body(Exchange& exchange, std::span<const std::byte> bytes) = 0;
  virtual void on_end(Exchange& exchange, End end) = 0;
};

class Session {
 public:
  virtual ~Session() = default;

  // How many exchanges may be under way at once, at most.
  [[nodiscard]] virtual std::size_t streams_max() const = 0;
  // Whether one more may be submitted now.
  [[nodiscard]] virtual bool accepts() const = 0;
  // Neither now nor later: to be closed once nothing is under way.
  [[nodiscard]] virtual bool is_spent() const = 0;

  virtual void submit(Exchange& exchange) = 0;
  // Gives up an exchange (a time-out); no on_end() follows. May leave the session spent.
  virtual void abandon(Exchange& exchange) = 0;

  // False: the bytes are not HTTP, or the peer ended the session; close().
  virtual bool receive(std::span<const std::byte> bytes) = 0;
  // Appends what is to be sent.
  virtual void produce(std::string& output) = 0;
  // The connection is over: ends what is under way.
  virtual void close() = 0;
};

// What every request of a run has in common.
struct RequestCommon {
  std::string scheme;
  std::string authority;
  std::string method = "GET";
  struct Field {
    std::string name;  // Lower case.
    std::string value;
  };
  std::vector<Field> fields;
};

// Octets of flow-control window as powers of two, as h2load has them.
struct Http2Settings {
  unsigned stream_window_bits = 30;
  unsigned connection_window_bits = 30;
};

std::unique_ptr<Session> new_http1_session(const RequestCommon& common, SessionEvents& events);
std::unique_ptr<Session> new_http2_session(const RequestCommon& common,
                                           const Http2Settings& settings, std::size_t streams,
                                           SessionEvents& events);

// "bytes=0-99", "bytes=5-".
std::string range_value(const Plan& plan);

}  // namespace load
