#include "http/http2_budget.h"

#include <algorithm>

namespace http {
namespace {

// A client that acknowledges reads one by one (Go's does from 4 KiB up) sends one update for the
// stream and one for the connection every 4 KiB, so eight for a full frame.
constexpr std::size_t kBytesPerUpdate = 2'048;
constexpr std::uint32_t kUpdatesPerFrame = 2;
// Clients enlarge the connection's and the stream's window as a request begins.
constexpr std::uint32_t kUpdatesPerRequest = 2;
// What a quiet client can save up.
constexpr std::uint32_t kUpdatesEarnedMax = 4'000;
// A frame that the window cut below this was the client's wish.
constexpr std::size_t kTinyWindow = 1'024;

}  // namespace

Http2Budget::Http2Budget(const Limits& limits, base::MonoTime now)
    : resets_(limits.resets_burst, limits.resets_per_second, now),
      control_frames_(limits.control_frames_burst, limits.control_frames_per_second, now) {}

std::string_view Http2Budget::on_reset(base::MonoTime now) {
  return resets_.take(now) ? "" : "resets";
}

std::string_view Http2Budget::on_control_frame(base::MonoTime now) {
  return control_frames_.take(now) ? "" : "control_frames";
}

std::string_view Http2Budget::on_window_update(base::MonoTime now) {
  if (window_updates_earned_ > 0) {
    --window_updates_earned_;
    return "";
  }
  return on_control_frame(now);
}

void Http2Budget::on_request() {
  window_updates_earned_ = std::min(window_updates_earned_ + kUpdatesPerRequest, kUpdatesEarnedMax);
}

void Http2Budget::on_data_sent(std::size_t length, std::size_t window_max) {
  const bool cut_small = length == window_max && length < kTinyWindow;
  if (cut_small) return;
  const auto earned = kUpdatesPerFrame + static_cast<std::uint32_t>(length / kBytesPerUpdate);
  window_updates_earned_ = std::min(window_updates_earned_ + earned, kUpdatesEarnedMax);
}

}  // namespace http
