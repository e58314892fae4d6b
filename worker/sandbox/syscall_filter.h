// The syscall filter: the calls that decoding, encoding, malloc and threads need, and no other.
//
// Three answers to what is not on the list:
//   EPERM   the rule. Libraries probe: glibc looks for /sys/devices/system/cpu, ffmpeg asks whether
//           stderr is a terminal, x265 sets a memory policy. They live with a refusal.
//   ENOSYS  clone3: its flags are behind a pointer, where a filter can't look. glibc then falls back
//           to clone, whose flags must be exactly those of pthread_create.
//   death   what no decoder calls by mistake: running a program, sockets, tracing or reading other
//           processes, namespaces, mounts, bpf, io_uring (which would do the denied calls unseen).
//           Who calls these has taken over the decoder, so it gets no second try and the parent
//           sees SIGSYS.
//
// No call that takes a path is on the list, stat included; nor any that makes a descriptor.
#pragma once

#include "base/result.h"

namespace worker::sandbox {

// Installs the filter on every thread of the process, for good. Needs no_new_privs. `channel` is
// the one descriptor that may be sent to and received from. Fails with kUnsupported when the kernel
// has no seccomp filters.
base::Result<void> filter_syscalls(int channel);

}  // namespace worker::sandbox
