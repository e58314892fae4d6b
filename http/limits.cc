#include "http/limits.h"

#include "base/config.h"

namespace http {

void describe(Limits& c, base::ConfigVisitor& option) {
  using std::chrono_literals::operator""ms;
  using std::chrono_literals::operator""h;

  option("limits.connections_max", c.connections_max, 1, 10'000'000,
         "Connections at once. More are accepted and closed.");
  option("limits.connections_per_address_max", c.connections_per_address_max, 1, 10'000'000,
         "Connections at once from one client address.");
  option("limits.header_fields_max", c.header_fields_max, 1, 10'000,
         "Fields in a request's head, each crumb of Cookie counted. More: 431.");
  option("limits.header_bytes_max", c.header_bytes_max, 256_B, 1_MiB,
         "A request's head; each field counts its name, its value and 32 bytes. More: 431.");
  option("limits.request_line_max", c.request_line_max, 64_B, 1_MiB,
         "A request's method and target. More: 414.");
  option("limits.streams_max", c.streams_max, 1, 100'000,
         "HTTP/2 streams at once on a connection.");
  option("limits.resets_burst", c.resets_burst, 1, 1'000'000,
         "HTTP/2 streams reset in a burst before the client is told to calm down.");
  option("limits.resets_per_second", c.resets_per_second, 1, 1'000'000,
         "HTTP/2 streams reset per second, in the long run. A seek is one.");
  option("limits.control_frames_burst", c.control_frames_burst, 1, 1'000'000,
         "HTTP/2 PING, SETTINGS, PRIORITY, empty DATA and tiny WINDOW_UPDATE frames in a burst.");
  option("limits.control_frames_per_second", c.control_frames_per_second, 1, 1'000'000,
         "The same per second, in the long run.");
  option("limits.tls_handshake_max", c.tls_handshake_max, 1ms, 1h, "Time for a TLS handshake.");
  option("limits.header_max", c.header_max, 1ms, 1h,
         "Time from the first byte of a request's head to its last. Over: 408.");
  option("limits.idle_max", c.idle_max, 1ms, 24h,
         "How long a kept connection may lie idle between requests.");
  option("limits.body_stall_max", c.body_stall_max, 1ms, 1h,
         "How long a request's body may stand still. Over: 408.");
  option("limits.send_stall_max", c.send_stall_max, 1ms, 24h,
         "How long a client may take nothing of a response that is ready. A paused player does.");
  option(
      "limits.half_closed_max", c.half_closed_max, 1ms, 24h,
      "HTTP/1: how long a response may stand still once the client has closed its sending half.");
  option("limits.body_rate_min", c.body_rate_min, 0_B, 1_GiB,
         "Bytes of a request's body per second, averaged. 0: no minimum.");
  option("limits.send_rate_min", c.send_rate_min, 0_B, 1_GiB,
         "Bytes of a response that a client must take per second, averaged. 0: no minimum.");
  option("limits.rate_grace", c.rate_grace, 1ms, 1h,
         "The period over which rates are averaged; none is judged before.");
  option("limits.request_body_max", c.request_body_max, 0_B, 1024_TiB,
         "A request's body. More: 413.");
  option("limits.requests_per_connection_max", c.requests_per_connection_max, 0, 1'000'000'000,
         "Requests on one connection before it is closed. 0: no limit.");
}

}  // namespace http
