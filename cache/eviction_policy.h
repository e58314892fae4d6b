// EvictionPolicy: the order in which entries leave, weighed in bytes.
//
//   lru     What was used longest ago. A hit moves its entry, so it takes the policy's lock.
//   sieve   One queue and a hand that walks from old to new: an entry used since the hand last
//           passed stays where it is, any other leaves. [Zhang et al., NSDI '24]
//   s3fifo  A small queue that most entries pass through once, a main queue for those that were
//           used meanwhile, and a ghost queue that remembers the names of those that were not, so
//           that a second coming goes straight to main. [Yang et al., SOSP '23]
//
// With sieve and s3fifo a hit only raises `residence.uses`, without a lock.
//
// Ownership  None: entries are linked by pointer, and must be forgotten before they are destroyed.
// Threads    The caller's lock guards all calls; `uses` is raised from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "cache/resident.h"
#include "cache/resident_list.h"

namespace cache {

enum class Policy { kLru, kSieve, kS3Fifo };

class EvictionPolicy {
 public:
  // A victim's search looks at this many used entries at most, then takes what is next: so no call
  // holds its lock for long, whatever was hit meanwhile.
  static constexpr int kStepsMax = 1024;
  static constexpr std::uint8_t kUsesMax = 3;

  virtual ~EvictionPolicy() = default;

  // Links a new entry; its hash and weight are set.
  virtual void admit(Resident& entry) = 0;
  // Links a victim again that turned out to be in use.
  virtual void readmit(Resident& entry) = 0;
  // Unlinks; does nothing to an entry that is not linked.
  virtual void forget(Resident& entry) = 0;
  // Unlinks what should leave next. Null: nothing is linked.
  virtual Resident* victim() = 0;

  // Whether touch() is to be called on each hit.
  [[nodiscard]] virtual bool orders_hits() const { return false; }
  virtual void touch(Resident& /*entry*/) {}

  [[nodiscard]] virtual std::uint64_t bytes() const = 0;  // Weights of what is linked.
  [[nodiscard]] virtual std::size_t memory_bytes() const { return 0; }  // Its own tables.
};

std::unique_ptr<EvictionPolicy> make_policy(Policy policy);

// Each in its own file; make_policy() is the way in.
std::unique_ptr<EvictionPolicy> make_lru();
std::unique_ptr<EvictionPolicy> make_sieve();
std::unique_ptr<EvictionPolicy> make_s3fifo();

}  // namespace cache
