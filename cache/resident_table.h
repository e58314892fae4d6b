// ResidentTable: a hash table of pointers to entries, open addressing with linear probing. One
// shard of a Shelf; no locks, no ownership.
//
// A slot keeps the hash beside the pointer, so that growing and probing never touch the entries,
// which lie scattered in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/check.h"

namespace cache {

template <class T>
class ResidentTable {
 public:
  // The entry of this hash for which `is_it(entry)`, or null.
  template <class IsIt>
  T* find(std::uint64_t hash, IsIt&& is_it) const {
    if (mask_ == 0) return nullptr;
    for (std::size_t i = hash & mask_; slots_[i].entry != nullptr; i = (i + 1) & mask_) {
      if (slots_[i].hash == hash && is_it(*slots_[i].entry)) return slots_[i].entry;
    }
    return nullptr;
  }

  // `entry` must not be in the table, nor another of the same key.
  void insert(std::uint64_t hash, T* entry) {
    if (4 * (size_ + 1) > 3 * (mask_ + 1)) grow();
    place(hash, entry);
    ++size_;
  }

  // `entry` must be in the table.
  void erase(std::uint64_t hash, const T* entry) {
    CHECK(mask_ != 0);
    std::size_t hole = hash & mask_;
    while (slots_[hole].entry != entry) {
      CHECK(slots_[hole].entry != nullptr);
      hole = (hole + 1) & mask_;
    }
    // Entries behind it that probed past the hole move up, so that no tombstone is needed.
    for (std::size_t i = (hole + 1) & mask_; slots_[i].entry != nullptr; i = (i + 1) & mask_) {
      const std::size_t home = slots_[i].hash & mask_;
      if (((i - home) & mask_) >= ((i - hole) & mask_)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = {};
    --size_;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; mask_ != 0 && i <= mask_; ++i) {
      if (slots_[i].entry != nullptr) visit(*slots_[i].entry);
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const {
    return mask_ == 0 ? 0 : (mask_ + 1) * sizeof(Slot);
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    T* entry = nullptr;
  };
  static constexpr std::size_t kSlotsMin = 8;

  void place(std::uint64_t hash, T* entry) {
    std::size_t i = hash & mask_;
    while (slots_[i].entry != nullptr) i = (i + 1) & mask_;
    slots_[i] = {hash, entry};
  }

  void grow() {
    const std::size_t before = mask_ == 0 ? 0 : mask_ + 1;
    const std::size_t slots = before == 0 ? kSlotsMin : 2 * before;
    const auto old = std::move(slots_);
    slots_ = std::make_unique<Slot[]>(slots);
    mask_ = slots - 1;
    for (std::size_t i = 0; i < before; ++i) {
      if (old[i].entry != nullptr) place(old[i].hash, old[i].entry);
    }
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t mask_ = 0;  // Slots - 1; 0: no slots yet.
  std::size_t size_ = 0;
};

}  // namespace cache
