// Keys: what names a cached object, and what names its bytes.
//
// A key text is "SITE\nPATH?QUERY" as the site's key rules made it; a variant's text appends
// "\nNAME=VALUE" for each field that Vary names. Its 128-bit seeded hash is the Key; the seed is
// drawn when a cache directory is created, so that nobody outside can aim at collisions. Records
// carry the whole text, and a record whose text differs from the one asked for is a miss.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cache {

struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Key&) const = default;
};

using Seed = std::uint64_t;
Key key_of(std::string_view text, Seed seed);  // XXH3, 128 bits.

// A random name for one version of an object's body. Bytes are stored under it, so bytes of an
// older version, or of another object, can never be taken for this one's.
struct Version {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Version&) const = default;
};

// Where versions come from: seeded from the system's entropy, or by a simulation. Any thread.
class VersionSource {
 public:
  virtual ~VersionSource() = default;
  virtual Version next() = 0;
  // Numbers what is made in this process, from 1: which came first, whatever clocks say.
  std::uint64_t next_number() { return numbers_.fetch_add(1, std::memory_order_relaxed) + 1; }

 private:
  std::atomic<std::uint64_t> numbers_{0};
};

struct ChunkKey {
  Version version;
  std::uint32_t index = 0;  // Byte `index * chunk_size` of the body is the chunk's first.
  auto operator<=>(const ChunkKey&) const = default;
};

std::string to_hex(const Key& key);
std::string to_hex(const Version& version);

}  // namespace cache

template <>
struct std::hash<cache::Key> {
  std::size_t operator()(const cache::Key& key) const noexcept { return key.low; }
};
template <>
struct std::hash<cache::ChunkKey> {
  std::size_t operator()(const cache::ChunkKey& key) const noexcept {
    // The version is random already; an odd multiplier spreads neighbouring chunks.
    return key.version.low + key.index * 0x9E3779B97F4A7C15ULL;
  }
};
