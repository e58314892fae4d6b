// Preflight: what starting an edge would stumble over, found without starting it: `headrace-edge
// -t`.
//
// Beyond what the config reader checks: addresses parse, certificates fit their keys, files can be
// read, the cache's directory and the access log can be written, the user exists. Creates, binds
// and connects nothing, so it may run beside the daemon; what only that can tell (a port in use, a
// cache in use) it does not say.
#pragma once

#include <string>

#include "base/result.h"

namespace edge {

// kInvalid, as the reader has it: `FILE:LINE: KEY: expected …, got …`. The first mistake in the
// file.
base::Result<void> preflight(const std::string& config_file);

}  // namespace edge
