// PrivateBody: a response that only this client gets, from the cache's fill thread. Adapts
// cache::BodyPipe to the wire's BodySource.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "cache/store.h"
#include "edge/worker.h"
#include "http/body.h"

namespace edge {

class PrivateBody final : public http::BodySource {
 public:
  PrivateBody(Worker& worker, std::unique_ptr<cache::BodyPipe> pipe, std::function<void()> wake)
      : worker_(worker), pipe_(std::move(pipe)), wake_(std::move(wake)) {}

  http::Pulled pull(std::size_t max) override {
    using State = cache::BodyPipe::Piece::State;
    cache::BodyPipe::Piece piece = pipe_->pull(max);
    switch (piece.state) {
      case State::kPiece:
        worker_.metrics.count_bytes(cache::Source::kOrigin, piece.bytes.size());
        return http::Pulled::some(std::move(piece.bytes));
      case State::kPending:
        pipe_->on_ready([this] { wake_(); });
        return http::Pulled::pending();
      case State::kEnd:
        return http::Pulled::end();
      case State::kFailed:
        break;
    }
    return http::Pulled::failed();
  }

 private:
  Worker& worker_;
  const std::unique_ptr<cache::BodyPipe> pipe_;
  const std::function<void()> wake_;
};

}  // namespace edge
