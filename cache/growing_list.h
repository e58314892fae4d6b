// GrowingList: objects with fixed addresses, that may be looked at while others are added.
//
// Memory is taken as objects are added, 1,024 places at a time; what is set aside for `size_max`
// from the start is a pointer for each 1,024.
//
// Threads    add() from one thread at a time; the rest from any, without locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/check.h"

namespace cache {

template <class T>
class GrowingList {
 public:
  explicit GrowingList(std::size_t size_max)
      : size_max_(size_max), segments_((size_max + kSegment - 1) / kSegment) {}

  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t size_max() const { return size_max_; }
  T& operator[](std::size_t index) const {
    return *(*segments_[index / kSegment])[index % kSegment];
  }

  T& add(std::unique_ptr<T> object) {
    const std::size_t index = size_.load(std::memory_order_relaxed);
    CHECK(index < size_max_);
    auto& segment = segments_[index / kSegment];
    if (!segment) segment = std::make_unique<Segment>();
    (*segment)[index % kSegment] = std::move(object);
    size_.store(index + 1, std::memory_order_release);
    return (*this)[index];
  }

  // While no other thread knows the list.
  void raise_size_max(std::size_t size_max) {
    if (size_max <= size_max_) return;
    size_max_ = size_max;
    segments_.resize((size_max + kSegment - 1) / kSegment);
  }

  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = T;
    Iterator() = default;
    Iterator(const GrowingList& list, std::size_t at) : list_(&list), at_(at) {}
    T& operator*() const { return (*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++at_;
      return before;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const GrowingList* list_ = nullptr;
    std::size_t at_ = 0;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  static constexpr std::size_t kSegment = 1'024;
  using Segment = std::array<std::unique_ptr<T>, kSegment>;

  std::size_t size_max_;
  std::vector<std::unique_ptr<Segment>> segments_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace cache
