#include "cache/chunk_loader.h"

#include <algorithm>
#include <list>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace cache {
namespace {

struct Load {
  std::uint32_t first = 0, count = 0;
  base::Ref<Chunk> chunk;
  std::vector<ChunkLoader::OnLoaded> waiting;
};

}  // namespace

struct ChunkLoader::State {
  State(MemoryTier& ram, DiskTier& flash) : memory(ram), disk(flash) {}

  MemoryTier& memory;
  DiskTier& disk;
  base::Mutex mutex;
  // Several loads of one chunk, for different blocks, may be under way.
  std::unordered_map<ChunkKey, std::list<Load>> loads GUARDED_BY(mutex);

  void finish(const ChunkKey& key, std::list<Load>::iterator load, base::Result<void> outcome);
};

ChunkLoader::ChunkLoader(MemoryTier& memory, DiskTier& disk)
    : state_(std::make_shared<State>(memory, disk)) {}

ChunkLoader::~ChunkLoader() = default;

void ChunkLoader::load(const Object& object, std::uint32_t index, std::uint32_t offset,
                       std::uint32_t length, OnLoaded on_loaded) {
  const ChunkKey key{object.version(), index};
  const std::uint32_t size = object.chunk_length(index);
  const std::uint32_t begin = std::min(offset, size > 0 ? size - 1 : 0);
  const std::uint32_t end = begin + std::clamp<std::uint32_t>(length, 1, size - begin);
  const std::uint32_t first = begin / kBlockBytes;
  const std::uint32_t count = (end + kBlockBytes - 1) / kBlockBytes - first;

  base::Ref<Chunk> chunk;
  std::list<Load>::iterator load;
  {
    const base::MutexLock lock(state_->mutex);
    std::list<Load>& loads = state_->loads[key];
    for (Load& other : loads) {
      if (other.first <= first && first + count <= other.first + other.count) {
        other.waiting.push_back(std::move(on_loaded));
        return;
      }
    }
    // The blocks of all loads of a chunk go into one Chunk.
    if (!loads.empty()) chunk = loads.front().chunk;
    if (!chunk) {
      chunk = state_->memory.find(key);
      const bool takes_blocks = chunk && (chunk->phase() == Chunk::Phase::kPartial ||
                                          chunk->phase() == Chunk::Phase::kWhole);
      if (!takes_blocks) {
        chunk = base::make_ref<Chunk>(key, size, Chunk::Phase::kPartial);
      }
    }
    load = loads.insert(loads.end(), {.first = first, .count = count, .chunk = chunk});
    load->waiting.push_back(std::move(on_loaded));
  }
  state_->disk.read(chunk, first, count, [state = state_, key, load](base::Result<void> outcome) {
    state->finish(key, load, std::move(outcome));
  });
}

void ChunkLoader::State::finish(const ChunkKey& key, std::list<Load>::iterator load,
                                base::Result<void> outcome) {
  Load done;
  {
    const base::MutexLock lock(mutex);
    const auto entry = loads.find(key);
    done = std::move(*load);
    entry->second.erase(load);
    if (entry->second.empty()) loads.erase(entry);
  }
  base::Result<base::Ref<Chunk>> result;
  if (outcome) {
    // Who waits gets the chunk that has his blocks, even if the tier holds another by now.
    memory.insert(done.chunk);
    result = std::move(done.chunk);
  } else {
    result = std::unexpected(std::move(outcome.error()));
  }
  for (OnLoaded& on_loaded : done.waiting) on_loaded(result);
}

}  // namespace cache
