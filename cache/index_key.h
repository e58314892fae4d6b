// The keys under which the index keeps things: docs/cache.md, "Index keys". Numbers are big-endian,
// so that what is read together lies together: an object's chunks, a region's contents.
//
// Parsing takes bytes that may be anything: none, never a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/chunk.h"
#include "cache/key.h"
#include "cache/purge.h"

namespace cache {

std::string record_key(const Key& key);            // o
std::string chunk_prefix(const Version& version);  // c, of all the object's chunks
std::string chunk_key(const ChunkKey& key);        // c
std::string content_prefix(std::uint32_t region, std::uint32_t epoch);  // r
std::string content_key(const DiskPlace& place);                        // r
std::string region_key(std::uint32_t region);                           // e
std::string purge_key(const Purge& purge);  // p; the same for the same target

inline constexpr std::string_view kRegionPrefix = "e";
inline constexpr std::string_view kPurgePrefix = "p";
inline constexpr std::string_view kSettingsKey = "msettings";
inline constexpr std::string_view kFloorKey = "mfloor";

std::optional<Key> parse_record_key(std::string_view key);
std::optional<ChunkKey> parse_chunk_key(std::string_view key);
std::optional<DiskPlace> parse_content_key(std::string_view key);
std::optional<std::uint32_t> parse_region_key(std::string_view key);

}  // namespace cache
