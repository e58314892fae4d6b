// Window: memory that the parent fills with the source's bytes and the child reads in place, so
// that a gigabyte of video does not pass through a socket.
//
// kBlocks blocks of kBlockSize. The parent maps it for writing and never reads it; the child can
// map it for reading alone, and can neither shrink it under the parent's feet nor let it grow (the
// memory file is sealed). Which bytes are where is agreed by messages: Read and Filled.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace worker::sandbox {

// A mapping that ends with its object.
class Mapping {
 public:
  Mapping() = default;
  Mapping(std::byte* data, std::size_t size) : data_(data), size_(size) {}
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping();
  [[nodiscard]] std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

class Window {  // The parent's side.
 public:
  static base::Result<Window> make();
  // For the child to inherit. Closed on exec.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::span<std::byte> block(std::size_t index) const;  // index < kBlocks.

 private:
  Window(base::UniqueFd fd, Mapping mapping) : fd_(std::move(fd)), mapping_(std::move(mapping)) {}
  base::UniqueFd fd_;
  Mapping mapping_;
};

class WindowView {  // The child's side.
 public:
  static base::Result<WindowView> open(const base::UniqueFd& fd);
  [[nodiscard]] std::span<const std::byte> block(std::size_t index) const;

 private:
  explicit WindowView(Mapping mapping) : mapping_(std::move(mapping)) {}
  Mapping mapping_;
};

}  // namespace worker::sandbox
