// The ways a request can fail, as a load run counts them.
#pragma once

#include <cstddef>
#include <string_view>

namespace load {

enum class Failure {
  kConnect,   // No connection, or no TLS handshake.
  kTimeout,   // No whole response in time.
  kClosed,    // The connection ended before the response did.
  kReset,     // The server reset the stream.
  kProtocol,  // What came is not HTTP.
  kStatus,    // Not the status asked for: 200, or 206 for a range.
  kLength,    // Another length or range than asked for or announced.
  kMismatch,  // Wrong bytes.
  kUnsent,    // Open loop: due, but no connection was free until the end.
};

inline constexpr std::size_t kFailures = 9;

constexpr std::string_view name_of(Failure failure) {
  constexpr std::string_view kNames[kFailures] = {"connect", "timeout",  "closed",
                                                  "reset",   "protocol", "status",
                                                  "length",  "mismatch", "unsent"};
  return kNames[static_cast<std::size_t>(failure)];
}

}  // namespace load
