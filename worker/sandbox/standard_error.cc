#include "worker/sandbox/standard_error.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace worker::sandbox {
namespace {

constexpr std::size_t kPieceMax = 32'768;

}  // namespace

base::Result<StandardError> StandardError::make() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::fail(base::ErrorCode::kIo, std::string("pipe: ") + std::strerror(errno));
  }
  StandardError made{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  // Our end alone: the child is to wait when it writes too much.
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
    return base::fail(base::ErrorCode::kIo, std::string("pipe: ") + std::strerror(errno));
  }
  return made;
}

int StandardError::readable(base::MonoTime now) const {
  return !pauses(now) ? read_end_.get() : -1;
}

void StandardError::read_some(base::MonoTime now) {
  read_piece();
  due_ = now + kPause;
}

std::string StandardError::take_tail() {
  // A pipe holds 64 KiB; bounded, should somebody still be writing.
  for (int pieces = 0; pieces < 4 && read_piece(); ++pieces) {
  }
  return std::move(tail_);
}

bool StandardError::read_piece() {
  std::array<char, kPieceMax> piece;
  if (!read_end_) return false;
  const ssize_t size = ::read(read_end_.get(), piece.data(), piece.size());
  if (size < 0) return false;
  if (size == 0) {
    read_end_.reset();
    return false;
  }
  tail_.append(piece.data(), static_cast<std::size_t>(size));
  if (tail_.size() > kKept) tail_.erase(0, tail_.size() - kKept);
  return true;
}

}  // namespace worker::sandbox
