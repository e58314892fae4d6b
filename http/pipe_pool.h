// PipePool: kernel pipes by which the connections of one loop hand pages to their sockets without a
// copy: vmsplice() from memory into the pipe, splice() from the pipe into the socket.
//
// A connection holds one only while it has bytes in it. A pipe that comes back empty is kept for
// the next; one that does not is closed, which drops what was in it.
//
// Threads    Its loop's only.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "http/batch_size.h"

namespace http {

class PipePool {
 public:
  // Two batches: pages at both ends of a piece may be partly used. A user whose pipes may not have
  // that much (/proc/sys/fs/pipe-user-pages-soft) gets less, and below kPipeBytesMin none: then a
  // copy is cheaper.
  static constexpr std::size_t kPipeBytes = 2 * BatchSize::kLentMax;
  static constexpr std::size_t kPipeBytesMin = 64 * 1024;
  static constexpr std::size_t kPipesMax = 64;

  struct Pipe {
    base::UniqueFd out;  // Read from.
    base::UniqueFd in;   // Written to.
  };

  // None: kPipesMax are in use, or the system gives none, or none large enough. Once it did not, it
  // is not asked again before kAsksSpared more calls or until a pipe of ours is free.
  static constexpr std::size_t kAsksSpared = 1'000;
  std::optional<Pipe> take();
  void give_back(Pipe pipe);  // Empty.
  void drop(Pipe pipe);       // Not empty.

 private:
  static std::optional<Pipe> make();

  std::vector<Pipe> idle_;
  std::size_t in_use_ = 0;
  std::size_t spare_asks_ = 0;
};

}  // namespace http
