// Slice: a reference to immutable bytes and a share in whatever keeps them alive.
//
// Bodies travel as Slices from the cache or the origin to the socket; nothing is copied until the
// wire gathers them. Copying a Slice costs one atomic increment. Threads: immutable bytes, so a
// Slice may be read anywhere; one Slice object is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/ref.h"

namespace base {

// What keeps a Slice's bytes alive.
class SliceOwner : public RefCounted {
 public:
  // Asks for the bytes to be handed to the kernel by reference instead of as a copy. True: the
  // kernel may read their pages even when the last Ref is gone, and the owner sees to it that what
  // was there never changes. False: copy.
  [[nodiscard]] virtual bool lend() const { return false; }
};

class Slice {
 public:
  Slice() = default;
  Slice(const char* data, std::size_t size, Ref<const SliceOwner> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}

  // Bytes that outlive every Slice, such as a literal.
  static Slice of_static(std::string_view bytes) { return {bytes.data(), bytes.size(), nullptr}; }
  // Takes the string; the Slice and its copies own it together.
  static Slice of(std::string bytes) {
    struct Owner final : SliceOwner {
      explicit Owner(std::string text) : bytes(std::move(text)) {}
      std::string bytes;
    };
    auto owner = make_ref<Owner>(std::move(bytes));
    const std::string& kept = owner->bytes;
    return {kept.data(), kept.size(), std::move(owner)};
  }

  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] bool lend() const { return owner_ && owner_->lend(); }

  // The `size` bytes from `offset`; both within this slice.
  [[nodiscard]] Slice sub(std::size_t offset, std::size_t size) const {
    CHECK(offset <= size_ && size <= size_ - offset);
    return {data_ + offset, size, owner_};
  }
  void remove_prefix(std::size_t count) {
    CHECK(count <= size_);
    data_ += count;
    size_ -= count;
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  Ref<const SliceOwner> owner_;
};

}  // namespace base
