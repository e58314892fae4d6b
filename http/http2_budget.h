// Http2Budget: how many frames that cost us work and the client nothing one connection may send.
//
// Two token buckets (Limits::resets_*, Limits::control_frames_*):
//
//   resets          RST_STREAM by the client (rapid reset, CVE-2023-44487) and by us where the
//                   client's frames provoked it (MadeYouReset, CVE-2025-8671). An abort() of the
//                   application is not the client's doing and not counted.
//   control frames  PING, SETTINGS, PRIORITY, PRIORITY_UPDATE, GOAWAY, unknown types, empty DATA,
//                   and WINDOW_UPDATEs that no sent DATA explains. Every DATA frame we send earns
//                   the updates that an honest client answers it with; one that was cut small by a
//                   tiny window earns none, so a client that opens its window byte by byte pays.
//
// An error here means: GOAWAY ENHANCE_YOUR_CALM, and close.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "http/limits.h"
#include "http/token_bucket.h"

namespace http {

class Http2Budget {
 public:
  Http2Budget(const Limits& limits, base::MonoTime now);

  // Each returns the name of the limit that is exceeded, empty while all is well.
  [[nodiscard]] std::string_view on_reset(base::MonoTime now);
  [[nodiscard]] std::string_view on_control_frame(base::MonoTime now);
  [[nodiscard]] std::string_view on_window_update(base::MonoTime now);

  void on_request();
  // `window_max`: what the client's windows allowed this frame to be.
  void on_data_sent(std::size_t length, std::size_t window_max);

 private:
  TokenBucket resets_;
  TokenBucket control_frames_;
  std::uint32_t window_updates_earned_ = 0;
};

}  // namespace http
