// What the index keeps, as bytes: docs/cache.md, "Index keys". Every value is
//
//   format(1)  checksum(8)  payload        checksum = XXH3(payload), seeded by XXH3(key) + format
//
// so a value that was damaged, or lies under another key, does not verify. Numbers little-endian.
//
// Decoding takes bytes that may be anything: kCorrupt, never a crash; a newer format is
// kUnsupported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cache/chunk.h"
#include "cache/key.h"
#include "cache/purge.h"

namespace cache {

// Bodies up to this lie in the index.
inline constexpr std::uint32_t kInlineMax = 2048;

// A record (cache/record.h's encode()) and its home: a slot of a home region.
struct RecordEntry {
  DiskPlace home;
  std::string record;
};

// A chunk's bytes: in a region file, with a checksum for each block of 64 KiB, or here.
struct ChunkEntry {
  Key object;
  std::uint32_t length = 0;
  DiskPlace place;                       // In a file region; of an inline body, its home.
  std::vector<std::uint64_t> checksums;  // Empty: inline.
  std::string body;

  [[nodiscard]] bool is_inline() const { return checksums.empty(); }
};

// What lies at a place of a region, so that its bytes need not be trusted to say so.
struct ContentEntry {
  std::string index_key;
  std::uint32_t length = 0;   // Of the bytes in the file; 0 in a home region.
  std::uint64_t charged = 0;  // Bytes of the index that go with the region, up to this entry.
};

struct RegionEntry {
  enum class Kind : std::uint8_t { kFile = 1, kHome = 2 };
  Kind kind = Kind::kFile;
  std::uint32_t epoch = 0;
  std::uint64_t birth = 0;
};

struct Settings {
  Seed seed = 0;
  base::Bytes region_size;
};

struct PurgeFloor {
  std::uint64_t floor = 0;
  std::uint64_t sequence = 0;  // The newest when this was written.
};

std::string encode(std::string_view key, const RecordEntry& entry);
std::string encode(std::string_view key, const ChunkEntry& entry);
std::string encode(std::string_view key, const ContentEntry& entry);
std::string encode(std::string_view key, const RegionEntry& entry);
std::string encode(std::string_view key, const Settings& settings);
std::string encode(std::string_view key, const PurgeFloor& floor);
std::string encode(std::string_view key, const Purge& purge);

base::Result<RecordEntry> decode_record_entry(std::string_view key, std::string_view value);
base::Result<ChunkEntry> decode_chunk_entry(std::string_view key, std::string_view value);
base::Result<ContentEntry> decode_content_entry(std::string_view key, std::string_view value);
base::Result<RegionEntry> decode_region_entry(std::string_view key, std::string_view value);
base::Result<Settings> decode_settings(std::string_view key, std::string_view value);
base::Result<PurgeFloor> decode_purge_floor(std::string_view key, std::string_view value);
base::Result<Purge> decode_purge(std::string_view key, std::string_view value);

// The checksum of block `block` of that chunk: equal bytes of another chunk have another one.
std::uint64_t block_checksum(const ChunkKey& chunk, std::uint32_t block, std::string_view bytes);

constexpr std::uint32_t blocks_in(std::uint32_t length) {
  return static_cast<std::uint32_t>((std::uint64_t{length} + kBlockBytes - 1) / kBlockBytes);
}

}  // namespace cache
