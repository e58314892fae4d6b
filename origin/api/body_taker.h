// BodyTaker: takes a request's body in, piece by piece, and answers when it is complete.
//
// Life       Made when the request's head is in and its caller is known; take() for each piece, in
//            order; finish() once. Destroyed unfinished: the client left, take() failed, or there was
//            an early answer.
// Threads    All calls from API threads, one at a time.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "origin/api/call.h"

namespace origin {

class BodyTaker {
 public:
  virtual ~BodyTaker() = default;
  // After an error nothing more is taken, and the error is the answer.
  virtual base::Result<void> take(std::string_view bytes) = 0;
  // Asked after each take(): an answer that need not wait for the body's end. Nothing more is taken.
  virtual std::optional<ApiAnswer> early_answer() { return std::nullopt; }
  virtual base::Result<ApiAnswer> finish() = 0;
};

}  // namespace origin
