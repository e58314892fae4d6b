#include "worker/sandbox/window.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"
#include "worker/sandbox/messages.h"

namespace worker::sandbox {
namespace {

constexpr std::size_t kSize = kBlocks * kBlockSize;

std::unexpected<base::Error> failed(const char* step) {
  return base::fail(base::ErrorCode::kIo,
                    std::string("the sandbox's window: ") + step + ": " + std::strerror(errno));
}

base::Result<Mapping> map(int fd, int protection) {
  void* const data = ::mmap(nullptr, kSize, protection, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return failed("map");
  return Mapping(static_cast<std::byte*>(data), kSize);
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

base::Result<Window> Window::make() {
  base::UniqueFd fd(::memfd_create("headrace-window", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return failed("make");
  if (::ftruncate(fd.get(), kSize) != 0) return failed("size");
  auto mapping = map(fd.get(), PROT_READ | PROT_WRITE);
  if (!mapping) return std::unexpected(mapping.error());
  // After our own mapping: the seal forbids writing through any that comes later.
  if (::fcntl(fd.get(), F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return failed("seal");
  }
  return Window(std::move(fd), *std::move(mapping));
}

std::span<std::byte> Window::block(std::size_t index) const {
  CHECK(index < kBlocks);
  return {mapping_.data() + index * kBlockSize, kBlockSize};
}

base::Result<WindowView> WindowView::open(const base::UniqueFd& fd) {
  auto mapping = map(fd.get(), PROT_READ);
  if (!mapping) return std::unexpected(mapping.error());
  return WindowView(*std::move(mapping));
}

std::span<const std::byte> WindowView::block(std::size_t index) const {
  CHECK(index < kBlocks);
  return {mapping_.data() + index * kBlockSize, kBlockSize};
}

}  // namespace worker::sandbox
