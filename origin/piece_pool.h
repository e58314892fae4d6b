// PiecePool: buffers for pieces of objects on their way from the disk to a socket.
//
// A piece goes back to its pool when the last Slice over it is gone, on whatever thread that is.
// Pooled because malloc takes and returns memory of this size page by page, a fault each.
//
// Ownership  Pieces may outlive the pool.
// Threads    Any.
#pragma once

#include <cstddef>
#include <memory>

#include "base/ref.h"
#include "base/slice.h"

namespace origin {

class PiecePool {
 public:
  // One read and one write to the socket of this size; two of them are all that a stalled client
  // pins.
  static constexpr std::size_t kPieceSize = 128 * 1024;
  // Kept for reuse: 16 MiB.
  static constexpr std::size_t kKeptMax = 128;

  class Piece final : public base::SliceOwner {
   public:
    [[nodiscard]] char* data() { return bytes_.get(); }

   private:
    friend class PiecePool;
    Piece() : bytes_(new char[kPieceSize]) {}
    void dispose() noexcept override;

    const std::unique_ptr<char[]> bytes_;       // Not zeroed: always read into first.
    std::shared_ptr<struct PieceShelf> shelf_;  // While in use.
  };

  PiecePool();
  base::Ref<Piece> take();

 private:
  friend struct PieceShelf;
  std::shared_ptr<PieceShelf> shelf_;
};

}  // namespace origin
