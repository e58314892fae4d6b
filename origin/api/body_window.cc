#include "origin/api/body_window.h"

#include <algorithm>

namespace origin {
namespace {

constexpr std::size_t kStep = 64u << 10;

}  // namespace

http::Pulled::State BodyWindow::fill(http::BodySource& body) {
  auto state = http::Pulled::State::kPiece;
  while (state == http::Pulled::State::kPiece && waiting_ < kMax) {
    const std::size_t wanted = std::min(kStep, kMax - waiting_);
    if (!make_room(wanted)) break;
    http::Pulled pulled = body.pull(wanted);
    state = pulled.state;
    if (state != http::Pulled::State::kPiece) break;
    waiting_ += pulled.piece.size();
    pieces_.push_back(std::move(pulled.piece));
  }
  count();
  return state;
}

bool BodyWindow::make_room(std::size_t bytes) {
  const std::size_t all = waiting_ + bytes;
  return all <= std::max(kAlways, share_.bytes()) || share_.try_hold(all);
}

BodyWindow::Taken BodyWindow::take() {
  waiting_ = 0;
  return {std::exchange(pieces_, {}), std::move(share_)};
}

void BodyWindow::count() { share_.hold(waiting_ > kAlways ? waiting_ : 0); }

}  // namespace origin
