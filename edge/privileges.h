// Becoming an unprivileged user once the ports are open.
#pragma once

#include <string>

#include "base/result.h"

namespace edge {

// Sets groups, group and user, for good. kNotFound: no such user; kDenied: not permitted.
base::Result<void> become_user(const std::string& name);

}  // namespace edge
