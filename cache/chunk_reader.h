// ChunkReader: records and chunks from disk, every byte verified. docs/cache.md, "Reading".
//
// Runs on the readers' threads, several at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "base/result.h"
#include "cache/disk_parts.h"

namespace cache {

class ChunkReader {
 public:
  // `erase` forgets an index entry that proved worthless, if it is still that.
  using Erase = std::function<void(std::string key, std::string value)>;
  ChunkReader(DiskParts& parts, Erase erase) : parts_(parts), erase_(std::move(erase)) {}

  base::Result<base::Ref<Record>> find(const Key& key, std::string_view key_text);
  base::Result<void> read(Chunk& chunk, std::uint32_t first, std::uint32_t count);

 private:
  base::Result<void> read_inline(Chunk& chunk, const ChunkEntry& entry);
  base::Result<void> read_blocks(Chunk& chunk, const ChunkEntry& entry, File& file,
                                 std::uint32_t first, std::uint32_t end);
  std::unexpected<base::Error> worthless(const std::string& key, const std::string& value,
                                         const base::Error& why);

  DiskParts& parts_;
  const Erase erase_;
};

}  // namespace cache
