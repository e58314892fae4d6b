#include "http/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace http {

std::optional<PipePool::Pipe> PipePool::take() {
  if (in_use_ == kPipesMax) return std::nullopt;
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    ++in_use_;
    return pipe;
  }
  if (spare_asks_ > 0) {
    --spare_asks_;
    return std::nullopt;
  }
  std::optional<Pipe> pipe = make();
  if (pipe) {
    ++in_use_;
  } else {
    spare_asks_ = kAsksSpared;
  }
  return pipe;
}

std::optional<PipePool::Pipe> PipePool::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
  Pipe pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes));
  if (::fcntl(ends[1], F_GETPIPE_SZ) < static_cast<int>(kPipeBytesMin)) return std::nullopt;
  return pipe;
}

void PipePool::give_back(Pipe pipe) {
  --in_use_;
  idle_.push_back(std::move(pipe));
}

void PipePool::drop(Pipe pipe) {
  --in_use_;
  pipe = {};
}

}  // namespace http
