// Limits: what a server takes from a client before it ends that client. Every one is a config
// option (section [limits]) and has a test at the limit.
//
// Going over a limit closes that client alone, with the status or the GOAWAY/RST code named here,
// and counts in headrace_http_limit_total{limit="<member name>"}.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/bytes.h"

namespace base {
class ConfigVisitor;
}

namespace http {

using namespace base::literals;

struct Limits {
  // Connections. Over: accepted and closed at once.
  std::uint32_t connections_max = 20'000;
  std::uint32_t connections_per_address_max = 2'000;

  // Heads. Over: 431 on HTTP/1, 431 on the stream on HTTP/2. Each field counts its name, value and
  // 32 bytes (RFC 9113 §10.5.1); cookie crumbs count one by one.
  std::uint32_t header_fields_max = 100;
  base::Bytes header_bytes_max = 32_KiB;
  base::Bytes request_line_max = 8_KiB;  // 414.

  // HTTP/2.
  std::uint32_t streams_max = 128;  // SETTINGS_MAX_CONCURRENT_STREAMS.
  // Token buckets; burst, and refill per second. Over: GOAWAY ENHANCE_YOUR_CALM.
  std::uint32_t resets_burst = 1'000;     // RST_STREAM by the client, and by us at its provocation.
  std::uint32_t resets_per_second = 100;  // A seek storm (1,000 seeks a minute) needs 17.
  std::uint32_t control_frames_burst = 2'000;     // PING, SETTINGS, PRIORITY, empty DATA, tiny
  std::uint32_t control_frames_per_second = 500;  // WINDOW_UPDATEs.

  // Deadlines. Over: 408 and close on HTTP/1, GOAWAY or RST_STREAM on HTTP/2.
  std::chrono::milliseconds tls_handshake_max{10'000};
  std::chrono::milliseconds header_max{10'000};      // From the first byte of a head to its last.
  std::chrono::milliseconds idle_max{75'000};        // Between requests on a kept connection.
  std::chrono::milliseconds body_stall_max{30'000};  // No byte of a request body.
  // No progress of a response although the server has bytes to send: a window held shut or a socket
  // not read. WINDOW_UPDATE alone is no progress.
  std::chrono::milliseconds send_stall_max{60'000};
  // A client of HTTP/1 that has closed its sending half may only be saving a packet, or be gone: it
  // can't be told until something is sent. No byte of its response for so long: it is taken for
  // gone.
  std::chrono::milliseconds half_closed_max{30'000};
  // Averaged over rate_grace after the first such period. 0 turns it off.
  base::Bytes body_rate_min = 256_B;  // Request body, bytes a second.
  base::Bytes send_rate_min = 64_B;   // Response, bytes a second while blocked on the client.
  std::chrono::milliseconds rate_grace{30'000};

  base::Bytes request_body_max = 16_TiB;          // 413.
  std::uint32_t requests_per_connection_max = 0;  // 0: no limit. Then Connection: close / GOAWAY.
};

// The options of section [limits], for the daemons' config; see base/config.h.
void describe(Limits& limits, base::ConfigVisitor& option);

}  // namespace http
