// ChunkLoader: brings blocks of chunks from the disk tier into memory, once, however many wait.
//
// A load reads only the blocks that hold the bytes asked for; the chunk is put into the memory tier
// when they are there, and later loads of other blocks add to it.
//
// Threads    load() from any thread; `on_loaded` runs on a disk reader's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/ref.h"
#include "base/result.h"
#include "cache/chunk.h"
#include "cache/disk_tier.h"
#include "cache/memory_tier.h"
#include "cache/record.h"

namespace cache {

class ChunkLoader {
 public:
  ChunkLoader(MemoryTier& memory, DiskTier& disk);
  ChunkLoader(const ChunkLoader&) = delete;
  ChunkLoader& operator=(const ChunkLoader&) = delete;
  ~ChunkLoader();

  // kNotFound: not on disk. kNoSpace: no memory for the blocks.
  using OnLoaded = std::move_only_function<void(const base::Result<base::Ref<Chunk>>&)>;
  // The `length` bytes from `offset` of the chunk, cut to its length; at least one block.
  void load(const Object& object, std::uint32_t index, std::uint32_t offset, std::uint32_t length,
            OnLoaded on_loaded);

 private:
  struct State;
  std::shared_ptr<State> state_;  // Shared with the reads in flight.
};

}  // namespace cache
