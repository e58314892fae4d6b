// confine(): the child walls itself in, after exec and before it reads an untrusted byte.
//
// What stands afterwards: the descriptors it was started with and no way to get another; no path,
// no network, no other process; bounded memory, CPU and threads. docs/sandbox.md has the table of
// protections, and what holds when the kernel lacks one.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "worker/sandbox/limits.h"
#include "worker/sandbox/protections.h"

namespace worker::sandbox {

// A child is started with these descriptors, in this order.
inline constexpr int kStandardInput = 0;  // /dev/null, as is 1.
inline constexpr int kStandardError = 2;  // A pipe to the parent, which keeps the last 8 KiB.
inline constexpr int kChannel = 3;        // Messages (messages.h).
inline constexpr int kWindow = 4;         // The source's bytes (window.h).
inline constexpr int kDescriptors = 5;

// Irreversible. Called once, while the process has one thread: others would keep what this one
// gives up. Protections that this kernel or its
// container can't give are missing in the answer, and the caller decides; fails only when there are more threads, when one that
// every kernel has could not be had, or when `parent` is no longer the parent.
base::Result<Protections> confine(const Limits& limits, pid_t parent);

}  // namespace worker::sandbox
