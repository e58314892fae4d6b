#include "cache/chunk_cutter.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"

namespace cache {
namespace {

// A fill may not run further ahead of its readers than a part of the memory, or its chunks would
// push each other out before they are read.
std::uint64_t share_of_memory(const FillContext& context, base::Bytes limit) {
  return std::min(limit.count(), context.memory_capacity.count() / 4);
}

// How far a body that is too large to keep runs ahead of the one who reads it furthest.
constexpr std::uint32_t kPulledChunksAhead = 2;

}  // namespace

ChunkCutter::ChunkCutter(const FillContext& context, base::Ref<Object> object, const Flow& flow,
                         base::ByteBudget::Share held, OnChunk on_chunk)
    : context_(context),
      object_(std::move(object)),
      flow_(flow),
      on_chunk_(std::move(on_chunk)),
      must_complete_(object_->head().etag.empty() || !object_->length()),
      ahead_max_(share_of_memory(context, context.options.fill_finish_max)),
      held_max_(share_of_memory(context, context.options.unvalidated_max)),
      index_(flow.first_chunk) {
  unread_.share = std::move(held);
}

std::uint64_t ChunkCutter::charge_of(std::optional<std::uint64_t> length) {
  return length.value_or(kBlockBytes);  // Most that do not say are small.
}

ChunkCutter::~ChunkCutter() {
  if (state_ == State::kCutting) fail();
}

std::optional<std::uint32_t> ChunkCutter::end_chunk() const {
  if (!flow_.end) return std::nullopt;
  const std::uint64_t size = object_->chunk_size();
  // A flow that ends inside a chunk, but not with the object, can't make that chunk whole.
  const bool ends_object = object_->length() == flow_.end;
  return static_cast<std::uint32_t>((*flow_.end + (ends_object ? size - 1 : 0)) / size);
}

base::Ref<Chunk> ChunkCutter::held(std::uint32_t index) const {
  const std::uint32_t from = flow_.first_chunk;
  if (index < from || index - from >= unread_.chunks.size()) return nullptr;
  return unread_.chunks[index - from];
}

std::uint64_t ChunkCutter::position() const {
  const std::uint64_t start = std::uint64_t{index_} * object_->chunk_size();
  return start + (chunk_ ? chunk_->appended() : skipped_);
}

bool ChunkCutter::far_ahead(std::uint64_t allowed) const {
  const std::uint64_t asked =
      std::uint64_t{object_->chunks_asked.load(std::memory_order_relaxed)} * object_->chunk_size();
  return position() >= asked + allowed;
}

ChunkCutter::Taken ChunkCutter::begin() {
  if (flow_.end && *flow_.end == std::uint64_t{index_} * object_->chunk_size()) return Taken::kAll;
  if (open_chunk(index_) || skips()) return Taken::kAll;
  state_ = State::kOver;
  return Taken::kEnough;
}

// False: the chunk is there already, or another fill brings it.
bool ChunkCutter::open_chunk(std::uint32_t index) {
  const ChunkKey key{object_->version(), index};
  if (const base::Ref<Chunk> there = context_.memory.find(key)) {
    // Some blocks read back from disk. If this flow was sent for because the disk has lost the
    // others, they make room for the whole.
    if (there->phase() == Chunk::Phase::kPartial && index == flow_.first_chunk) {
      context_.memory.remove(key, *there);
    }
  }
  auto fresh = base::make_ref<Chunk>(key, object_->chunk_length(index), Chunk::Phase::kGrowing);
  if (context_.memory.insert(fresh) != fresh) return false;
  chunk_ = std::move(fresh);
  index_ = index;
  skipped_ = 0;
  if (must_complete_) unread_.chunks.push_back(chunk_);
  on_chunk_(chunk_);
  return true;
}

void ChunkCutter::close_chunk() {
  if (!chunk_) return;
  const base::Ref<Chunk> chunk = std::exchange(chunk_, nullptr);
  chunk->finish();
  if (!must_complete_) store(chunk);
}

void ChunkCutter::store(const base::Ref<Chunk>& chunk) {
  if (context_.disk == nullptr) return;
  // A revalidation may have renewed the object since; its record must not be overwritten by ours.
  base::Ref<Object> newest = object_;
  const base::Ref<Record> now = context_.memory.peek(object_->key);
  if (now && now->kind == Record::Kind::kObject) {
    base::Ref<Object> there(static_cast<Object*>(now.get()));
    if (there->version() == object_->version()) newest = std::move(there);
  }
  context_.disk->write(std::move(newest), chunk, nullptr);
}

// The chunk at index_ is complete and more bytes belong to this flow: on to the next.
ChunkCutter::Taken ChunkCutter::advance() {
  const std::uint32_t next = index_ + 1;
  const auto end = end_chunk();
  if (end && next >= *end) {
    // The rest of the flow, if there is any, is a part of a chunk that it can't complete.
    if (flow_.end == object_->length()) return Taken::kTooMuch;
    close_chunk();
    state_ = State::kOver;
    return Taken::kEnough;
  }
  if (must_complete_) {
    const std::uint64_t cut = position() - std::uint64_t{flow_.first_chunk} * object_->chunk_size();
    if (!given_up_ && (cut >= held_max_ || !may_hold(cut + object_->chunk_length(next)))) {
      give_up_storing();
    }
    if (given_up_) unread_.trim(*object_);
    if (given_up_ && far_ahead(std::uint64_t{kPulledChunksAhead} * object_->chunk_size())) {
      return Taken::kAhead;
    }
  } else if (!skips() && far_ahead(ahead_max_)) {
    close_chunk();
    state_ = State::kOver;
    return Taken::kEnough;
  }

  const base::Ref<Chunk> full = std::exchange(chunk_, nullptr);
  const bool opened = open_chunk(next);
  if (full) {
    full->finish();
    if (!must_complete_) store(full);
  }
  if (opened) return Taken::kAll;
  if (!skips()) {
    state_ = State::kOver;
    return Taken::kEnough;
  }
  index_ = next;
  skipped_ = 0;
  return Taken::kAll;
}

ChunkCutter::Taken ChunkCutter::take(std::string_view& bytes) {
  CHECK(state_ == State::kCutting);
  if (flow_.end && position() + bytes.size() > *flow_.end) return Taken::kTooMuch;
  while (true) {
    const std::uint32_t length = object_->chunk_length(index_);
    const std::uint64_t had = chunk_ ? chunk_->appended() : skipped_;
    const bool more_expected = flow_.end && position() < *flow_.end;
    if (had == length && (more_expected || !bytes.empty())) {
      if (const Taken taken = advance(); taken != Taken::kAll) return taken;
      continue;
    }
    if (bytes.empty()) return Taken::kAll;
    std::size_t count = std::min<std::uint64_t>(bytes.size(), length - had);
    if (chunk_) {
      count = chunk_->append(bytes.substr(0, count),
                             [this](std::size_t size) { return context_.memory.allocate(size); });
      if (count == 0) return Taken::kNoMemory;
    } else {
      skipped_ += count;
    }
    bytes.remove_prefix(count);
  }
}

base::Result<void> ChunkCutter::finish() {
  CHECK(state_ == State::kCutting);
  if (flow_.end && position() != *flow_.end) {
    return base::fail(base::ErrorCode::kProtocol,
                      "response ended at byte " + std::to_string(position()) + " of " +
                          std::to_string(*flow_.end),
                      base::Blame::kOrigin);
  }
  if (!object_->length()) object_->set_length(position());
  if (chunk_ && chunk_->appended() == 0) {  // A body of unknown length turned out empty.
    context_.memory.remove(chunk_->key(), *chunk_);
    std::exchange(chunk_, nullptr)->finish();
    unread_.chunks.clear();
  }
  close_chunk();
  state_ = State::kOver;
  if (given_up_ || context_.disk == nullptr) return {};
  if (object_->length() == 0) context_.disk->write(object_);
  if (!unread_.chunks.empty()) store_held();
  return {};
}

// Without all its chunks the object is worth nothing: its record is written when the last of them
// is on disk, and not at all when one could not be written.
void ChunkCutter::store_held() {
  struct Left {
    std::atomic<std::size_t> chunks;
    std::atomic<bool> all_written{true};
  };
  const auto left = std::make_shared<Left>(unread_.chunks.size());
  for (const base::Ref<Chunk>& chunk : unread_.chunks) {
    context_.disk->write(object_, chunk,
                         [left, object = object_, disk = context_.disk](base::Result<void> done) {
                           if (!done) left->all_written = false;
                           if (--left->chunks == 0 && left->all_written) disk->write(object);
                         });
  }
}

void ChunkCutter::fail() {
  if (state_ == State::kOver) return;
  state_ = State::kOver;
  unread_.share.hold(0);
  if (must_complete_) {
    context_.memory.remove(object_->key, *object_);
    for (const base::Ref<Chunk>& chunk : unread_.chunks) {
      if (chunk) context_.memory.remove(chunk->key(), *chunk);
    }
  }
  if (chunk_) {
    context_.memory.remove(chunk_->key(), *chunk_);
    std::exchange(chunk_, nullptr)->fail();
  }
}

void ChunkCutter::give_up_storing() {
  given_up_ = true;
  context_.memory.remove(object_->key, *object_);
}

bool ChunkCutter::may_hold(std::uint64_t bytes) {
  return bytes <= unread_.share.bytes() || unread_.share.try_hold(bytes);
}

UnreadBody ChunkCutter::take_unread() {
  CHECK(state_ == State::kOver);
  UnreadBody unread = std::move(unread_);
  unread.object = object_;
  return unread;
}

}  // namespace cache
