// Shelf: one side of the memory tier: entries of one kind under their keys, and the order in which
// they leave. MemoryTier has one of records and one of chunks.
//
// The life of an entry, and which lock guards the step:
//   1. outside     Not in the table. insert() puts it into its shard of the table (shard lock) and
//                  before that lock is released into the nursery or a policy (order lock).
//   2. growing     In the nursery, when its weight is not known yet; can't be evicted. Later calls
//                  to insert() and evict() move it on once it has settled.
//   3. settled     Linked in the policy's lists.
//   4. chosen      evict() has unlinked it (order lock) but not erased it yet; it is still found.
//   5. outside     Erased from the table (shard lock). From any phase by remove().
//
// Locks      A shard's lock, then the order lock; evict() takes them one after the other. A hit
//            takes its shard's alone, and with lru the order lock after it.
// Ownership  The table holds one reference to each entry. References are given up with no lock
//            held, since the last one frees blocks.
// Threads    Any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "base/ref.h"
#include "cache/eviction_policy.h"
#include "cache/resident_list.h"
#include "cache/resident_table.h"

namespace cache {

// Traits say of an entry: Key, key_of(), weight_of(), settled(), stale() (see insert_or_find()).
template <class T, class Traits>
class Shelf {
 public:
  using Key = typename Traits::Key;

  explicit Shelf(Policy policy)
      : policy_(make_policy(policy)), orders_hits_(policy_->orders_hits()) {}
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf() {
    for (Shard& shard : shards_) {
      const base::MutexLock lock(shard.mutex);
      shard.table.for_each([&](T& entry) {
        unlink(entry);
        entry.release();
      });
    }
  }

  base::Ref<T> find(const Key& key) {
    base::Ref<T> found = peek(key);
    if (!found) return found;
    Residence& notes = found->residence;
    if (!notes.was_hit.load(std::memory_order_relaxed)) {
      notes.was_hit.store(true, std::memory_order_relaxed);
    }
    const std::uint8_t uses = notes.uses.load(std::memory_order_relaxed);
    if (uses < EvictionPolicy::kUsesMax) {
      notes.uses.store(static_cast<std::uint8_t>(uses + 1), std::memory_order_relaxed);
    }
    if (orders_hits_) {
      const base::MutexLock lock(order_mutex_);
      policy_->touch(*found);
    }
    return found;
  }

  base::Ref<T> peek(const Key& key) const {
    const std::uint64_t hash = hash_of(key);
    const Shard& shard = shard_of(hash);
    const base::MutexLock lock(shard.mutex);
    return base::Ref<T>(find_in(shard, hash, key));
  }

  // Replaces what was under the key.
  void insert(base::Ref<T> entry) {
    base::Ref<T> replaced;
    const std::uint64_t hash = hash_of(Traits::key_of(*entry));
    Shard& shard = shard_of(hash);
    const base::MutexLock lock(shard.mutex);
    T* const there = find_in(shard, hash, Traits::key_of(*entry));
    if (there == entry.get()) return;
    if (there != nullptr) replaced = take(shard, hash, *there);
    put(shard, hash, std::move(entry));
  }

  // What is under the key then: what was there first unless Traits::stale(), else `entry`.
  base::Ref<T> insert_or_find(base::Ref<T> entry) {
    base::Ref<T> replaced;
    const std::uint64_t hash = hash_of(Traits::key_of(*entry));
    Shard& shard = shard_of(hash);
    const base::MutexLock lock(shard.mutex);
    T* const there = find_in(shard, hash, Traits::key_of(*entry));
    if (there != nullptr && (there == entry.get() || !Traits::stale(*there))) {
      return base::Ref<T>(there);
    }
    if (there != nullptr) replaced = take(shard, hash, *there);
    put(shard, hash, entry);
    return entry;
  }

  void remove(const Key& key, const T& expected) {
    base::Ref<T> removed;
    const std::uint64_t hash = hash_of(key);
    Shard& shard = shard_of(hash);
    const base::MutexLock lock(shard.mutex);
    T* const there = find_in(shard, hash, key);
    if (there == &expected) removed = take(shard, hash, *there);
  }

  // Takes out the entry that should leave next. Null: all that is left is growing or in use.
  base::Ref<T> evict() {
    while (const base::Ref<T> chosen = choose()) {
      Shard& shard = shard_of(chosen->residence.hash);
      const base::MutexLock lock(shard.mutex);
      const Key& key = Traits::key_of(*chosen);
      if (find_in(shard, chosen->residence.hash, key) == chosen.get()) {
        return take(shard, chosen->residence.hash, *chosen);
      }
      // It was removed meanwhile; another will do.
    }
    return nullptr;
  }

  [[nodiscard]] std::uint64_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t bytes() const {
    const base::MutexLock lock(order_mutex_);
    return policy_->bytes() + nursery_.bytes();
  }
  // Of the table and the policy's own memory.
  [[nodiscard]] std::size_t overhead_bytes() const {
    return table_bytes_.load(std::memory_order_relaxed) +
           policy_bytes_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kShardsLog2 = 6;
  static constexpr std::uint8_t kNursery = 7;  // Tags of a policy's own lists are smaller.
  // A call looks at this many entries of the nursery, and passes over this many in use.
  static constexpr int kSettlePerInsert = 2;
  static constexpr int kSettlePerChoice = 64;
  static constexpr int kInUseMax = 256;

  struct alignas(64) Shard {
    mutable base::Mutex mutex;
    ResidentTable<T> table GUARDED_BY(mutex);
  };

  // Table and shard take different bits, and keys may be anything but well spread.
  static std::uint64_t hash_of(const Key& key) {
    std::uint64_t hash = std::hash<Key>()(key);
    hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93ULL;
    return hash ^ (hash >> 32);
  }
  Shard& shard_of(std::uint64_t hash) { return shards_[hash >> (64 - kShardsLog2)]; }
  const Shard& shard_of(std::uint64_t hash) const { return shards_[hash >> (64 - kShardsLog2)]; }

  static T* find_in(const Shard& shard, std::uint64_t hash, const Key& key) REQUIRES(shard.mutex) {
    return shard.table.find(hash, [&](const T& entry) { return Traits::key_of(entry) == key; });
  }

  void put(Shard& shard, std::uint64_t hash, base::Ref<T> entry) REQUIRES(shard.mutex) {
    T* const kept = entry.detach();
    Residence& notes = kept->residence;
    CHECK(notes.queue == 0);
    notes.hash = hash;
    const std::size_t before = shard.table.memory_bytes();
    shard.table.insert(hash, kept);
    table_bytes_.fetch_add(shard.table.memory_bytes() - before, std::memory_order_relaxed);
    size_.fetch_add(1, std::memory_order_relaxed);

    const base::MutexLock lock(order_mutex_);
    if (Traits::settled(*kept)) {
      notes.weight = Traits::weight_of(*kept);
      policy_->admit(*kept);
    } else {
      notes.weight = 0;
      nursery_.push_newest(*kept);
    }
    settle(kSettlePerInsert);
    policy_bytes_.store(policy_->memory_bytes(), std::memory_order_relaxed);
  }

  // Out of the table and the order; what the table held is the caller's now.
  base::Ref<T> take(Shard& shard, std::uint64_t hash, T& entry) REQUIRES(shard.mutex) {
    shard.table.erase(hash, &entry);
    size_.fetch_sub(1, std::memory_order_relaxed);
    unlink(entry);
    base::Ref<T> taken(&entry);
    entry.release();  // The table's; not the last.
    return taken;
  }

  void unlink(T& entry) {
    const base::MutexLock lock(order_mutex_);
    if (nursery_.holds(entry)) {
      nursery_.remove(entry);
    } else {
      policy_->forget(entry);
    }
  }

  void settle(int entries_max) REQUIRES(order_mutex_) {
    for (; entries_max > 0 && !nursery_.empty(); --entries_max) {
      Resident& oldest = *nursery_.oldest();
      nursery_.remove(oldest);
      if (Traits::settled(static_cast<T&>(oldest))) {
        oldest.residence.weight = Traits::weight_of(static_cast<T&>(oldest));
        policy_->admit(oldest);
      } else {
        nursery_.push_newest(oldest);
      }
    }
  }

  base::Ref<T> choose() {
    const base::MutexLock lock(order_mutex_);
    settle(kSettlePerChoice);
    for (int passed = 0; passed < kInUseMax; ++passed) {
      auto* const victim = static_cast<T*>(policy_->victim());
      if (victim == nullptr) return nullptr;
      // Linked, so the table's reference stands: who unlinks it otherwise needs our lock first.
      if (victim->is_unique()) return base::Ref<T>(victim);
      // Someone holds it, so evicting it would free nothing now, and it is as good as just used.
      victim->residence.weight = Traits::weight_of(*victim);
      policy_->readmit(*victim);
    }
    return nullptr;
  }

  std::array<Shard, std::size_t{1} << kShardsLog2> shards_;

  alignas(64) mutable base::Mutex order_mutex_;
  const std::unique_ptr<EvictionPolicy> policy_;  // Its state is guarded by order_mutex_.
  const bool orders_hits_;
  ResidentList nursery_ GUARDED_BY(order_mutex_){kNursery};

  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::size_t> table_bytes_{0};
  std::atomic<std::size_t> policy_bytes_{0};
};

}  // namespace cache
