// libav writes to standard error by default.
#pragma once

namespace media {

// Nothing but what ends the process. For the whole of it.
void keep_libav_quiet();

}  // namespace media
