#include "cache/ghost.h"

#include <algorithm>
#include <bit>

namespace cache {
namespace {

constexpr std::size_t kNamesMin = 1024;

std::uint32_t fingerprint_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32) | 1U;  // Never that of an empty slot.
}

}  // namespace

Ghost::Slot* Ghost::bucket_of(std::uint64_t hash) {
  const std::size_t buckets = slots_.size() / kWays;
  return &slots_[(hash & (buckets - 1)) * kWays];
}

void Ghost::expect(std::size_t names) {
  const std::size_t wanted = std::clamp(std::bit_ceil(names), kNamesMin, kNamesMax);
  if (wanted > slots_.size()) slots_.assign(wanted, {});
}

void Ghost::add(std::uint64_t hash, std::uint32_t weight) {
  if (slots_.empty()) expect(kNamesMin);
  added_ += weight;
  const auto bucket = bucket_of(hash);
  Slot* oldest = bucket;
  for (Slot* slot = bucket; slot != bucket + kWays; ++slot) {
    if (slot->fingerprint == 0 || slot->fingerprint == fingerprint_of(hash)) {
      oldest = slot;
      break;
    }
    if (now() - slot->added_at > now() - oldest->added_at) oldest = slot;
  }
  *oldest = {fingerprint_of(hash), now()};
}

bool Ghost::take(std::uint64_t hash, std::uint64_t window) {
  if (slots_.empty()) return false;
  const auto bucket = bucket_of(hash);
  for (Slot* slot = bucket; slot != bucket + kWays; ++slot) {
    if (slot->fingerprint != fingerprint_of(hash)) continue;
    const bool recent = now() - slot->added_at < std::max<std::uint64_t>(window >> 10, 1);
    *slot = {};
    return recent;
  }
  return false;
}

}  // namespace cache
