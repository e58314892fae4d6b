// BodyTaker: takes a request's body in, piece by piece, and answers when it is complete.
//
// Life       Made when the request's head is in and its caller is known; take() for each piece, in
//            order; finish() once. Destroyed unfinished: the client left, or take() failed.
// Threads    All calls from API threads, one at a time.
#pragma once

#include <string_view>

#include "base/result.h"
#include "origin/api/call.h"

namespace origin {

class BodyTaker {
 public:
  virtual ~BodyTaker() = default;
  // After an error nothing more is taken, and the error is the answer.
  virtual base::Result<void> take(std::string_view bytes) = 0;
  virtual base::Result<ApiAnswer> finish() = 0;
};

}  // namespace origin
