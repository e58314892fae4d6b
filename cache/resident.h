// Resident: what can live in the memory tier, with the tier's notes in place, so that an entry
// costs no second allocation and a lookup no second cache miss.
//
// An object is in one tier at most, at a time. Only the tier and its policies touch `residence`.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/ref.h"

namespace cache {

class Resident;

struct Residence {
  // Guarded by the policy's lock.
  Resident* newer = nullptr;
  Resident* older = nullptr;
  std::uint64_t hash = 0;    // Of its key.
  std::uint32_t weight = 0;  // Bytes it counts for, as of when it was linked.
  std::uint8_t queue = 0;    // Which of the policy's lists it is linked in; 0: none.

  // Marks that a hit leaves without any lock; an update lost to a race is harmless.
  std::atomic<std::uint8_t> uses{0};  // Saturates; the policy takes from it.
  std::atomic<bool> was_hit{false};   // Ever.
};

class Resident : public base::RefCounted {
 public:
  Residence residence;
};

}  // namespace cache
