// spawn(): starts a program with exactly the descriptors and the environment it is given.
//
// The child is its own process group (a terminal's ^C is the parent's business), has every signal
// at its default and none blocked, and is killed when the thread that started it ends. Nothing
// else is inherited, whatever other parts of this process forgot to mark close-on-exec.
//
// Threads  Any. Between fork and exec only async-signal-safe calls are made. SIGCHLD must not be
//          ignored in this process, or there would be nobody to wait for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace worker::sandbox {

struct Spawned {
  pid_t pid = 0;
  base::UniqueFd pidfd;  // Readable once the child has ended.
};

// What a child took of the machine.
struct Usage {
  std::chrono::milliseconds cpu_time{0};
  base::Bytes memory_peak;
};

// How a child ended.
struct Ending {
  bool by_signal = false;
  int code = 0;  // The exit code or the signal.
  Usage usage;
};

// arguments[0] is the program's name to itself. `descriptors` become 0, 1, 2, … An executable that
// can't be run is an Ending with code 127.
base::Result<Spawned> spawn(const std::string& executable, std::vector<std::string> arguments,
                            std::vector<std::string> environment, std::span<const int> descriptors);

void kill(const Spawned& child);        // SIGKILL; does nothing once it has ended.
Ending wait_for(const Spawned& child);  // Blocks; once.

}  // namespace worker::sandbox
