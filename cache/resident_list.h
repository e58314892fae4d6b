// ResidentList: a doubly linked list through its entries, from newest to oldest, which knows its
// weight. `tag` is written into an entry while it is linked, and says which list holds it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "cache/resident.h"

namespace cache {

class ResidentList {
 public:
  explicit ResidentList(std::uint8_t tag) : tag_(tag) {}
  ResidentList(const ResidentList&) = delete;
  ResidentList& operator=(const ResidentList&) = delete;

  [[nodiscard]] bool holds(const Resident& entry) const { return entry.residence.queue == tag_; }
  [[nodiscard]] bool empty() const { return oldest_ == nullptr; }
  [[nodiscard]] Resident* oldest() const { return oldest_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  void push_newest(Resident& entry) {
    Residence& notes = entry.residence;
    CHECK(notes.queue == 0);
    notes.queue = tag_;
    notes.newer = nullptr;
    notes.older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->residence.newer) = &entry;
    newest_ = &entry;
    bytes_ += notes.weight;
    ++size_;
  }

  void remove(Resident& entry) {
    Residence& notes = entry.residence;
    CHECK(notes.queue == tag_);
    (notes.newer == nullptr ? newest_ : notes.newer->residence.older) = notes.older;
    (notes.older == nullptr ? oldest_ : notes.older->residence.newer) = notes.newer;
    notes.newer = notes.older = nullptr;
    notes.queue = 0;
    bytes_ -= notes.weight;
    --size_;
  }

 private:
  const std::uint8_t tag_;
  Resident* newest_ = nullptr;
  Resident* oldest_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::size_t size_ = 0;
};

}  // namespace cache
