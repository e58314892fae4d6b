// sd_notify: tells systemd how the service is doing (sd_notify(3)): "READY=1" once it serves,
// "RELOADING=1" with MONOTONIC_USEC and then "READY=1" around a reload, "STOPPING=1" when it
// drains, "STATUS=…" for a line in `systemctl status`.
//
// A few lines on a datagram socket, so that no daemon links libsystemd for them.
#pragma once

#include <string>
#include <string_view>

namespace base {

// Sends lines of NAME=VALUE, joined by newlines, to the socket that $NOTIFY_SOCKET names. Does
// nothing when the variable is not set; failures are ignored: nothing depends on being heard.
void sd_notify(std::string_view state);

// "RELOADING=1" with the time that Type=notify-reload asks for.
void sd_notify_reloading();

}  // namespace base
