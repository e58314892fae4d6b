// Node: one edge, put together: loops, store, sites, listeners, admin, and what changes them while
// it runs (reload, drain).
//
//   main thread          the control loop: signals, admin listener, health checks
//   worker-0 … N-1       an event loop each: clients, pass-through
//   fill-0 … M-1         an event loop each: fetches of the cache's fills
//   disk-read, disk-write, index, access-log
//
// Ownership  run() holds everything; it returns when the node has drained.
// Threads    Made and run on the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/signals.h"
#include "edge/config.h"

namespace edge {

class Node {
 public:
  // Opens the cache, the ports and the logs; nothing serves yet. On an error nothing is left
  // half-started: one line that says what, where and what to do.
  static base::Result<std::unique_ptr<Node>> start(const EdgeConfig& config,
                                                   std::string config_file);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  // Serves until SIGQUIT or /drain (finish what is under way) or SIGTERM or SIGINT (the same, but
  // shortly). SIGHUP: read the file again, reopen logs, reload certificates.
  void run(base::Signals& signals);

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace edge
