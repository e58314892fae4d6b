#include "origin/piece_pool.h"

#include <utility>
#include <vector>

#include "base/mutex.h"

namespace origin {

struct PieceShelf {
  base::Mutex mutex;
  std::vector<std::unique_ptr<PiecePool::Piece>> kept GUARDED_BY(mutex);
};

void PiecePool::Piece::dispose() noexcept {
  // The shelf may go with this reference; it must not while its lock is held.
  const std::shared_ptr<PieceShelf> shelf = std::move(shelf_);
  std::unique_ptr<Piece> piece(this);
  base::MutexLock lock(shelf->mutex);
  if (shelf->kept.size() < kKeptMax) shelf->kept.push_back(std::move(piece));
}

PiecePool::PiecePool() : shelf_(std::make_shared<PieceShelf>()) {}

base::Ref<PiecePool::Piece> PiecePool::take() {
  std::unique_ptr<Piece> piece;
  {
    base::MutexLock lock(shelf_->mutex);
    if (!shelf_->kept.empty()) {
      piece = std::move(shelf_->kept.back());
      shelf_->kept.pop_back();
    }
  }
  if (piece == nullptr) piece.reset(new Piece);
  piece->shelf_ = shelf_;
  return base::Ref<Piece>(piece.release());
}

}  // namespace origin
