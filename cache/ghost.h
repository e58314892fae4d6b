// Ghost: remembers names for a while: those of entries that left, for as long as a given weight of
// others has not left after them.
//
// A table of fingerprints in buckets of four; a name may be forgotten early when its bucket is
// full, and one name in about a thousand million is taken for another. Neither does harm. Eight
// bytes a name.
//
// Threads    The caller's lock guards all calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cache {

class Ghost {
 public:
  static constexpr std::size_t kNamesMax = std::size_t{1} << 22;  // 32 MiB.

  // Makes room for about `names`; growing forgets everything, and so is done by doubling.
  void expect(std::size_t names);
  void add(std::uint64_t hash, std::uint32_t weight);
  // Whether the name is remembered, with less than `window` bytes added since; forgets it.
  bool take(std::uint64_t hash, std::uint64_t window);
  [[nodiscard]] std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t fingerprint = 0;  // 0: empty.
    std::uint32_t added_at = 0;     // KiB added before it; wraps.
  };
  static constexpr std::size_t kWays = 4;

  [[nodiscard]] Slot* bucket_of(std::uint64_t hash);
  [[nodiscard]] std::uint32_t now() const { return static_cast<std::uint32_t>(added_ >> 10); }

  std::vector<Slot> slots_;
  std::uint64_t added_ = 0;  // Bytes.
};

}  // namespace cache
