#include "cache/chunk_reader.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <vector>

#include "cache/index_key.h"
#include "cache/index_record.h"

namespace cache {
namespace {

std::unexpected<base::Error> not_found() {
  return base::fail(base::ErrorCode::kNotFound, "not on disk");
}

}  // namespace

base::Result<base::Ref<Record>> ChunkReader::find(const Key& key, std::string_view key_text) {
  if (!parts_.usable()) return not_found();
  const std::string index_key = record_key(key);
  const auto stored = parts_.index.get(index_key);
  if (!stored) {
    if (stored.error().code == base::ErrorCode::kNotFound) return not_found();
    return worthless(index_key, {}, stored.error());
  }
  const auto entry = decode_record_entry(index_key, *stored);
  if (!entry) return worthless(index_key, *stored, entry.error());
  auto record = decode(key, entry->record);
  if (!record) return worthless(index_key, *stored, record.error());
  // Another text with the same hash: a miss, and whoever is here stays.
  if ((*record)->key_text != key_text) return not_found();
  parts_.regions.touch(entry->home);
  if ((*record)->kind == Record::Kind::kObject) {
    static_cast<const Object&>(**record).on_disk = true;
  }
  return record;
}

std::unexpected<base::Error> ChunkReader::worthless(const std::string& key,
                                                    const std::string& value,
                                                    const base::Error& why) {
  parts_.note_error(why);
  if (why.code == base::ErrorCode::kCorrupt) parts_.metrics.corrupt.add();
  // What a newer version wrote is left to it.
  if (!value.empty() && why.code != base::ErrorCode::kUnsupported) erase_(key, value);
  return not_found();
}

base::Result<void> ChunkReader::read(Chunk& chunk, std::uint32_t first, std::uint32_t count) {
  if (!parts_.usable()) return not_found();
  const std::string key = chunk_key(chunk.key());
  const auto stored = parts_.index.get(key);
  if (!stored) {
    if (stored.error().code == base::ErrorCode::kNotFound) return not_found();
    return worthless(key, {}, stored.error());
  }
  const auto entry = decode_chunk_entry(key, *stored);
  if (!entry) return worthless(key, *stored, entry.error());
  if (entry->length != chunk.length()) {
    return worthless(key, *stored, {base::ErrorCode::kCorrupt, "chunk of another length"});
  }
  base::Result<void> outcome;
  if (entry->is_inline()) {
    outcome = read_inline(chunk, *entry);
  } else {
    const auto pin = parts_.regions.pin(entry->place);
    if (!pin) return not_found();
    const std::uint32_t blocks = blocks_in(entry->length);
    const std::uint32_t begin = std::min(first, blocks);
    outcome =
        read_blocks(chunk, *entry, pin->file(), begin, begin + std::min(count, blocks - begin));
  }
  if (outcome) {
    chunk.set_disk_place(entry->place);
    parts_.regions.touch(entry->place);
    return {};
  }
  if (outcome.error().code == base::ErrorCode::kNoSpace) return outcome;  // Of memory.
  return worthless(key, *stored, outcome.error());
}

base::Result<void> ChunkReader::read_inline(Chunk& chunk, const ChunkEntry& entry) {
  if (chunk.has_block(0)) return {};
  base::Ref<Block> block = parts_.context.memory.allocate(entry.length);
  if (!block) return base::fail(base::ErrorCode::kNoSpace, "no memory for a block");
  std::memcpy(block->data(), entry.body.data(), entry.length);
  chunk.add_block(0, std::move(block));
  return {};
}

// The blocks [first, end) that are missing; neighbours with one call.
base::Result<void> ChunkReader::read_blocks(Chunk& chunk, const ChunkEntry& entry, File& file,
                                            std::uint32_t first, std::uint32_t end) {
  std::vector<base::Ref<Block>> blocks;
  std::vector<std::span<char>> pieces;
  for (std::uint32_t i = first; i < end;) {
    if (chunk.has_block(i)) {
      ++i;
      continue;
    }
    blocks.clear();
    pieces.clear();
    const std::uint32_t run = i;
    for (; i < end && !chunk.has_block(i); ++i) {
      const auto length = std::min<std::uint64_t>(kBlockBytes, entry.length - i * kBlockBytes);
      // Whole pages, as direct I/O wants them; what lies behind the body is not looked at.
      base::Ref<Block> block = parts_.context.memory.allocate(aligned(length));
      if (!block) return base::fail(base::ErrorCode::kNoSpace, "no memory for a block");
      pieces.emplace_back(block->data(), aligned(length));
      blocks.push_back(std::move(block));
    }
    const base::MonoTime begun = parts_.context.clock.mono();
    const auto read = file.read_pieces(entry.place.offset + run * kBlockBytes, pieces);
    const std::chrono::duration<double> took = parts_.context.clock.mono() - begun;
    parts_.metrics.read_seconds.observe(took.count());
    if (!read) return read;
    parts_.health.worked();
    for (std::uint32_t block = run; block < i; ++block) {
      const auto length = std::min<std::uint64_t>(kBlockBytes, entry.length - block * kBlockBytes);
      const std::string_view bytes(blocks[block - run]->data(), length);
      if (block_checksum(chunk.key(), block, bytes) != entry.checksums[block]) {
        return base::fail(base::ErrorCode::kCorrupt, "block does not verify");
      }
      chunk.add_block(block, std::move(blocks[block - run]));
    }
  }
  return {};
}

}  // namespace cache
