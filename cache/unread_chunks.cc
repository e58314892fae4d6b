#include "cache/unread_chunks.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace cache {
namespace {

constexpr std::chrono::milliseconds kLookInterval{100};

}  // namespace

bool UnreadBody::trim(const Object& of) {
  const std::uint32_t asked = of.chunks_asked.load(std::memory_order_relaxed);
  std::uint64_t bytes = 0;
  for (base::Ref<Chunk>& chunk : chunks) {
    // The one that was asked for last may be asked for again, by a reader who paused.
    if (chunk && chunk->key().index + 1 < asked) chunk = nullptr;
    if (chunk) bytes += chunk->length();
  }
  // Never more than was granted.
  share.hold(std::min<std::uint64_t>(bytes, share.bytes()));
  return bytes > 0;
}

void UnreadChunks::add(UnreadBody body) {
  if (!context_.thread.after || !body.trim(*body.object) || !has_readers(*body.object)) return;
  bodies_.push_back(std::move(body));
  if (!std::exchange(will_look_, true)) {
    context_.thread.after(kLookInterval, [this] { look_again(); });
  }
}

base::Ref<Chunk> UnreadChunks::find(const ChunkKey& key) const {
  for (const UnreadBody& body : bodies_) {
    if (body.object->version() != key.version) continue;
    for (const base::Ref<Chunk>& chunk : body.chunks) {
      if (chunk && chunk->key().index == key.index) return chunk;
    }
  }
  return nullptr;
}

void UnreadChunks::look_again() {
  std::erase_if(bodies_, [this](UnreadBody& body) {
    return !has_readers(*body.object) || !body.trim(*body.object);
  });
  will_look_ = !bodies_.empty();
  if (will_look_) context_.thread.after(kLookInterval, [this] { look_again(); });
}

// Besides the caller's reference and the memory tier's.
bool UnreadChunks::has_readers(const Object& object) const {
  const bool in_memory = context_.memory.peek(object.key).get() == &object;
  return object.references() > (in_memory ? 2 : 1);
}

}  // namespace cache
