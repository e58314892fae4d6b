// libav and its encoders write to standard error by default.
#pragma once

namespace media {

// Nothing but what ends the process. For the whole of it, before it has a second thread.
void keep_libav_quiet();

}  // namespace media
