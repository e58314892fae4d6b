// Landlock: the kernel's own refusal of every path, beneath the syscall filter.
//
// A mistake in the filter's list, or a call that a later kernel adds, still opens no file.
#pragma once

#include "base/result.h"

namespace worker::sandbox {

// Takes from the calling thread, and from threads it starts later, all access to paths that this
// kernel's Landlock knows, TCP where it knows that, and signals to processes outside. Open
// descriptors stay usable. Needs no_new_privs. Fails with kUnsupported when the kernel has no
// Landlock or it is not switched on.
base::Result<void> deny_all_paths();

}  // namespace worker::sandbox
