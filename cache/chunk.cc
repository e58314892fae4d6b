// How readers do without locks: a byte is written before `appended_` is raised over it, and a block
// pointer is set before that. The one pointer that ever changes is that of a growing chunk's last
// block, when finish() moves it into a smaller one: so that block is read under the mutex for as
// long as the chunk grows, and every other block, and every block of a chunk that has ended,
// without.
#include "cache/chunk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace cache {

// One wait, shared by its handle, the chunk's list while it waits, and the task once it is posted.
// `task` is touched on the executor's thread only, after wait() has set it.
struct Chunk::Waiting final : base::RefCounted {
  Waiting(std::uint32_t from, base::Executor& on, base::Executor::Task run)
      : offset(from), executor(on), task(std::move(run)) {}
  const std::uint32_t offset;
  base::Executor& executor;
  base::Executor::Task task;  // Empty: has run, or is cancelled.
};

class Chunk::WaitHandle final : public Wait {
 public:
  WaitHandle(base::Ref<Chunk> chunk, base::Ref<Waiting> waiting)
      : chunk_(std::move(chunk)), waiting_(std::move(waiting)) {}
  WaitHandle(const WaitHandle&) = delete;
  WaitHandle& operator=(const WaitHandle&) = delete;
  ~WaitHandle() override {
    chunk_->forget(*waiting_);
    waiting_->task = nullptr;
  }

 private:
  const base::Ref<Chunk> chunk_;
  const base::Ref<Waiting> waiting_;
};

Chunk::Chunk(const ChunkKey& key, std::uint32_t length, Phase phase)
    : key_(key), appended_to_(phase == Phase::kGrowing), phase_(phase), length_(length) {
  CHECK(phase == Phase::kGrowing || phase == Phase::kPartial);
  const std::uint32_t blocks = block_count();
  CHECK(blocks <= kBlocksMax);
  if (blocks > 1) many_blocks_ = std::make_unique<BlockPointer[]>(blocks);
  blocks_ = blocks > 1 ? many_blocks_.get() : &only_block_;
  blocks_missing_ = blocks;
  if (phase == Phase::kPartial && blocks == 0) phase_ = Phase::kWhole;
}

Chunk::~Chunk() {
  if (only_block_ != nullptr) only_block_.load()->release();
  if (!many_blocks_) return;
  // finish() may have shortened the length, but blocks come from the front without a gap then.
  for (std::uint32_t i = 0; i < block_count(); ++i) {
    if (Block* const block = many_blocks_[i]) block->release();
  }
}

const ChunkKey& Chunk::key() const { return key_; }
std::uint32_t Chunk::length() const { return length_.load(std::memory_order_acquire); }
Chunk::Phase Chunk::phase() const { return phase_.load(std::memory_order_acquire); }
std::uint32_t Chunk::appended() const { return appended_.load(std::memory_order_acquire); }

std::uint32_t Chunk::block_count() const {
  return static_cast<std::uint32_t>((std::size_t{length()} + kBlockBytes - 1) / kBlockBytes);
}

bool Chunk::growing_at(std::uint32_t block_end) const {
  return phase() == Phase::kGrowing && appended() < block_end;
}

std::uint32_t Chunk::readable(std::uint32_t offset) const {
  if (appended_to_) {
    const std::uint32_t end = appended();
    return end > offset ? end - offset : 0;
  }
  std::uint32_t end = offset;
  while (end < length() && has_block(end / kBlockBytes)) {
    end = std::min<std::uint32_t>(length(), (end / kBlockBytes + 1) * kBlockBytes);
  }
  return end - offset;
}

base::Slice Chunk::read(std::uint32_t offset, std::uint32_t max) const {
  const std::uint32_t index = offset / kBlockBytes;
  const std::uint32_t block_end = (index + 1) * kBlockBytes;
  const std::uint32_t end = std::min(appended_to_ ? appended() : length(), block_end);
  if (offset >= end || max == 0) return {};

  base::Ref<Block> block;
  if (appended_to_ && growing_at(block_end)) {
    const base::MutexLock lock(mutex_);
    block = base::Ref<Block>(blocks_[index].load(std::memory_order_relaxed));
  } else {
    block = base::Ref<Block>(blocks_[index].load(std::memory_order_acquire));
  }
  if (!block) return {};
  const char* const data = block->data() + offset % kBlockBytes;
  return {data, std::min(max, end - offset), std::move(block)};
}

std::unique_ptr<Chunk::Wait> Chunk::wait(std::uint32_t offset, base::Executor& executor,
                                         base::Executor::Task on_ready) {
  auto waiting = base::make_ref<Waiting>(offset, executor, std::move(on_ready));
  auto handle = std::make_unique<WaitHandle>(base::Ref<Chunk>(this), waiting);
  {
    const base::MutexLock lock(mutex_);
    if (!ready(offset)) {
      waiting_.push_back(std::move(waiting));
      return handle;
    }
  }
  WaitingList now;
  now.push_back(std::move(waiting));
  post(std::move(now));
  return handle;
}

bool Chunk::ready(std::uint32_t offset) const {
  return phase() != Phase::kGrowing || offset < appended();
}

Chunk::WaitingList Chunk::take_ready() {
  const auto still = std::stable_partition(waiting_.begin(), waiting_.end(),
                                           [&](const auto& one) { return ready(one->offset); });
  WaitingList ready_ones(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(still));
  waiting_.erase(waiting_.begin(), still);
  return ready_ones;
}

// One task for all waits of an executor: a crowd behind one fill costs each loop one message, not
// one a client.
void Chunk::post(WaitingList ready) {
  while (!ready.empty()) {
    base::Executor& executor = ready.front()->executor;
    const auto others = std::stable_partition(
        ready.begin(), ready.end(), [&](const auto& one) { return &one->executor == &executor; });
    WaitingList mine(std::make_move_iterator(ready.begin()), std::make_move_iterator(others));
    ready.erase(ready.begin(), others);
    executor.post([mine = std::move(mine)] {
      for (const auto& waiting : mine) {
        // A callback may destroy any Wait, its own included.
        if (auto task = std::exchange(waiting->task, nullptr)) task();
      }
    });
  }
}

void Chunk::forget(const Waiting& waiting) {
  const base::MutexLock lock(mutex_);
  std::erase_if(waiting_, [&](const auto& one) { return one.get() == &waiting; });
}

void Chunk::put_block(std::uint32_t index, base::Ref<Block> block) {
  block_bytes_.fetch_add(static_cast<std::uint32_t>(block->capacity()), std::memory_order_relaxed);
  blocks_[index].store(block.detach(), std::memory_order_release);
}

std::size_t Chunk::append(std::string_view bytes, const Allocate& allocate) {
  CHECK(phase() == Phase::kGrowing);
  std::uint32_t end = appended();
  std::size_t taken = 0;
  while (taken < bytes.size() && end < length()) {
    const std::uint32_t index = end / kBlockBytes;
    const std::uint32_t within = end % kBlockBytes;
    Block* block = blocks_[index].load(std::memory_order_relaxed);
    if (block == nullptr) {
      base::Ref<Block> fresh =
          allocate(std::min<std::size_t>(kBlockBytes, length() - index * kBlockBytes));
      if (!fresh) break;
      block = fresh.get();
      put_block(index, std::move(fresh));
    }
    const std::size_t count =
        std::min({bytes.size() - taken, block->capacity() - within, std::size_t{length() - end}});
    CHECK(count > 0);
    std::memcpy(block->data() + within, bytes.data() + taken, count);
    taken += count;
    end += static_cast<std::uint32_t>(count);
  }
  if (taken == 0) return 0;
  WaitingList ready_ones;
  {
    const base::MutexLock lock(mutex_);
    appended_.store(end, std::memory_order_release);
    ready_ones = take_ready();
  }
  post(std::move(ready_ones));
  return taken;
}

void Chunk::finish() { end(Phase::kWhole); }
void Chunk::fail() { end(Phase::kFailed); }

void Chunk::end(Phase last) {
  CHECK(phase() == Phase::kGrowing);
  if (last == Phase::kWhole) trim_last_block();
  WaitingList ready_ones;
  {
    const base::MutexLock lock(mutex_);
    // Readers see the length only after the phase, or the length that it always had.
    if (last == Phase::kWhole) length_.store(appended(), std::memory_order_release);
    phase_.store(last, std::memory_order_release);
    ready_ones = take_ready();
  }
  post(std::move(ready_ones));
}

void Chunk::trim_last_block() {
  const std::uint32_t end = appended();
  if (end % kBlockBytes == 0) return;  // The last block is full, or there is none.
  Block* const last = blocks_[end / kBlockBytes].load(std::memory_order_relaxed);
  const std::size_t used = end % kBlockBytes;
  if (used > last->capacity() / 2) return;
  base::Ref<Block> smaller = last->arena().allocate(used);
  if (!smaller) return;  // No memory to save memory with.
  std::memcpy(smaller->data(), last->data(), used);
  block_bytes_.fetch_sub(static_cast<std::uint32_t>(last->capacity() - smaller->capacity()),
                         std::memory_order_relaxed);
  {
    const base::MutexLock lock(mutex_);
    blocks_[end / kBlockBytes].store(smaller.detach(), std::memory_order_release);
  }
  last->release();  // Readers may hold it yet.
}

bool Chunk::has_block(std::uint32_t index) const {
  if (index >= block_count()) return false;
  if (appended_to_) {
    const std::size_t block_end = (std::size_t{index} + 1) * kBlockBytes;
    return appended() >= std::min<std::size_t>(block_end, length());
  }
  return blocks_[index].load(std::memory_order_acquire) != nullptr;
}

void Chunk::add_block(std::uint32_t index, base::Ref<Block> block) {
  CHECK(!appended_to_ && index < block_count());
  CHECK(block->capacity() >= std::min<std::size_t>(kBlockBytes, length() - index * kBlockBytes));
  const base::MutexLock lock(mutex_);
  if (blocks_[index].load(std::memory_order_relaxed) != nullptr) return;
  put_block(index, std::move(block));
  if (--blocks_missing_ == 0) phase_.store(Phase::kWhole, std::memory_order_release);
}

DiskPlace Chunk::disk_place() const {
  const base::MutexLock lock(mutex_);
  return disk_place_;
}

void Chunk::set_disk_place(const DiskPlace& place) {
  const base::MutexLock lock(mutex_);
  disk_place_ = place;
}

std::size_t Chunk::memory_bytes() const {
  const std::size_t pointers = many_blocks_ ? block_count() * sizeof(BlockPointer) : 0;
  return sizeof(Chunk) + pointers + block_bytes_.load(std::memory_order_relaxed);
}

}  // namespace cache
