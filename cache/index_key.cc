#include "cache/index_key.h"

#include <xxhash.h>

#include <concepts>

namespace cache {
namespace {

template <std::unsigned_integral T>
void put(std::string& out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

template <std::unsigned_integral T>
T take(std::string_view& bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  bytes.remove_prefix(sizeof(T));
  return value;
}

// The rest of `key` after `kind`, if it is of that kind and as long as that.
std::optional<std::string_view> rest_of(std::string_view key, char kind, std::size_t length) {
  if (key.size() != length + 1 || key.front() != kind) return std::nullopt;
  return key.substr(1);
}

}  // namespace

std::string record_key(const Key& key) {
  std::string out = "o";
  put(out, key.high);
  put(out, key.low);
  return out;
}

std::string chunk_prefix(const Version& version) {
  std::string out = "c";
  put(out, version.high);
  put(out, version.low);
  return out;
}

std::string chunk_key(const ChunkKey& key) {
  std::string out = chunk_prefix(key.version);
  put(out, key.index);
  return out;
}

std::string content_prefix(std::uint32_t region, std::uint32_t epoch) {
  std::string out = "r";
  put(out, region);
  put(out, epoch);
  return out;
}

std::string content_key(const DiskPlace& place) {
  std::string out = content_prefix(place.region, place.epoch);
  put(out, place.offset);
  return out;
}

std::string region_key(std::uint32_t region) {
  std::string out(kRegionPrefix);
  put(out, region);
  return out;
}

std::string purge_key(const Purge& purge) {
  // Unseeded: who may purge is trusted, and the table checks nothing by this hash.
  const XXH128_hash_t hash = XXH3_128bits(purge.text.data(), purge.text.size());
  std::string out(kPurgePrefix);
  out.push_back(static_cast<char>(purge.kind));
  out.push_back(purge.soft ? 's' : 'h');
  put(out, std::uint64_t{hash.high64});
  put(out, std::uint64_t{hash.low64});
  return out;
}

std::optional<Key> parse_record_key(std::string_view key) {
  auto rest = rest_of(key, 'o', 16);
  if (!rest) return std::nullopt;
  const auto high = take<std::uint64_t>(*rest);
  return Key{high, take<std::uint64_t>(*rest)};
}

std::optional<ChunkKey> parse_chunk_key(std::string_view key) {
  auto rest = rest_of(key, 'c', 20);
  if (!rest) return std::nullopt;
  ChunkKey chunk;
  chunk.version.high = take<std::uint64_t>(*rest);
  chunk.version.low = take<std::uint64_t>(*rest);
  chunk.index = take<std::uint32_t>(*rest);
  return chunk;
}

std::optional<DiskPlace> parse_content_key(std::string_view key) {
  auto rest = rest_of(key, 'r', 16);
  if (!rest) return std::nullopt;
  DiskPlace place;
  place.region = take<std::uint32_t>(*rest);
  place.epoch = take<std::uint32_t>(*rest);
  place.offset = take<std::uint64_t>(*rest);
  return place;
}

std::optional<std::uint32_t> parse_region_key(std::string_view key) {
  auto rest = rest_of(key, 'e', 4);
  if (!rest) return std::nullopt;
  return take<std::uint32_t>(*rest);
}

}  // namespace cache
