// PrivateBody: a response that can't be stored, on its way from the fill thread to its one reader.
//
// At most `ahead_max` bytes wait in it, or a piece when the budget is used up; over that push()
// refuses and the fetch pauses, until the reader has taken half of them (so that a slow reader
// costs a message per half, not per piece).
//
// Life       The fill makes the body and gives the reader its pipe. Destroying the pipe calls
// `left`
//            on the fill thread; destroying the body unfinished fails the pipe.
// Threads    PrivateBody: the fill thread. Its pipe: the reader's executor. The state between them
//            is under a mutex; no callback runs with it held.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/byte_budget.h"
#include "base/bytes.h"
#include "base/executor.h"
#include "base/ref.h"
#include "base/result.h"
#include "cache/store.h"

namespace cache {

class PrivateBody {
 public:
  // `room` and `left` are posted to `fill_thread`: the pipe takes bytes again; its reader is gone.
  // `budget`: null: none; it outlives body and pipe.
  PrivateBody(base::Bytes ahead_max, base::ByteBudget* budget, base::Executor& fill_thread,
              std::function<void()> room, std::function<void()> left);
  PrivateBody(const PrivateBody&) = delete;
  PrivateBody& operator=(const PrivateBody&) = delete;
  ~PrivateBody();

  // Once. `reader` is where on_ready() tasks run.
  std::unique_ptr<BodyPipe> make_pipe(base::Executor& reader);

  bool push(std::string_view bytes);  // False: full; nothing was taken.
  void end(bool complete);

 private:
  struct Shared;
  class Pipe;
  base::Ref<Shared> shared_;
};

}  // namespace cache
