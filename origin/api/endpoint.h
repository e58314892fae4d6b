// ApiEndpoint: carries requests from the wire to the handlers and back.
//
//   loop   route → [API thread: who asks → the taker] → pull the body, a window ahead
//   API    take() what has come, while the loop pulls the next
//   loop   respond(), and give the body
//
// No thread waits for a client: what has come waits in memory (BodyWindow) until a thread has a
// moment. Bodies that are wanted whole wait until they are, within a budget; windows have a quarter of
// it beside.
//
// Ownership  Router, tokens and budget outlive the endpoint, which outlives its exchanges and goes
//            when the loops have stopped: its threads are joined with it. What these had posted to a
//            loop may hold a taker, so it is dropped (EventLoop::drop_tasks) before what takers use.
// Threads    respond() and the responders on their exchange's loop.
#pragma once

#include <cstddef>
#include <memory>

#include "base/byte_budget.h"
#include "base/metrics.h"
#include "base/worker_pool.h"
#include "http/exchange.h"
#include "origin/api/router.h"
#include "origin/api/tokens.h"

namespace origin {

class ApiEndpoint {
 public:
  ApiEndpoint(const Router& router, const Tokens& tokens, base::ByteBudget& bodies,
              std::size_t threads, base::Metrics& metrics);
  ApiEndpoint(const ApiEndpoint&) = delete;
  ApiEndpoint& operator=(const ApiEndpoint&) = delete;

  std::unique_ptr<http::Responder> respond(http::Exchange& exchange);
  // For what streams use.
  [[nodiscard]] base::Executor& threads() { return threads_; }

 private:
  class Answer;

  const Router& router_;
  const Tokens& tokens_;
  base::ByteBudget& bodies_;
  base::ByteBudget windows_;
  base::Counter& requests_2xx_;
  base::Counter& requests_4xx_;
  base::Counter& requests_5xx_;
  base::WorkerPool threads_;  // Last: its tasks use the rest.
};

}  // namespace origin
