// How much memory a process holds, asked from outside. The limit on address space bounds what it
// may reserve; this is what it really uses.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/bytes.h"

namespace worker::sandbox {

// None when there is no such process any more.
std::optional<base::Bytes> resident_memory(pid_t pid);

}  // namespace worker::sandbox
