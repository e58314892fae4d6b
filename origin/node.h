// Node: one origin, put together: loops, the media store and its endpoint, listeners.
//
//   main thread        the control loop: signals, admin listener
//   worker-0 … N-1     an event loop each: clients
//   reader             the threads that wait for disks
//
// Ownership  Holds everything; run() returns when the node has drained.
// Threads    Made and run on the main thread.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/signals.h"
#include "origin/config.h"

namespace origin {

class Node {
 public:
  // Opens the directory, the certificate and the ports; nothing serves yet. On an error nothing is
  // left half-started: one line that says what and where. The ports that were given are logged
  // (origin.listening), so that an address may end in ":0".
  static base::Result<std::unique_ptr<Node>> start(const OriginConfig& config);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  // Serves until SIGQUIT (finish what is under way), or SIGTERM or SIGINT (the same, but shortly;
  // twice: at once). SIGHUP: the certificate is read again.
  void run(base::Signals& signals);

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace origin
