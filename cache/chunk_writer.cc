#include "cache/chunk_writer.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "cache/index_key.h"

namespace cache {
namespace {

// A run is written when it has so many bytes, or chunks.
constexpr std::uint64_t kRunBytesMax = 4u << 20;
constexpr std::size_t kRunChunksMax = 128;
// The last block of a body is copied where its length is no multiple of a page.
constexpr std::size_t kScratchBytes = 16 * kBlockBytes;
static_assert(Chunk::kBlocksMax + kRunBytesMax / kBlockBytes + kRunChunksMax <= File::kPiecesMax);

bool whole_pages(std::string_view bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectAlignment == 0 &&
         bytes.size() % kDirectAlignment == 0;
}

}  // namespace

ChunkWriter::ChunkWriter(DiskParts& parts, IndexWriter& index, RegionFront& front,
                         std::function<bool()> make_room)
    : parts_(parts),
      index_(index),
      front_(front),
      make_room_(std::move(make_room)),
      scratch_(static_cast<char*>(std::aligned_alloc(kDirectAlignment, kScratchBytes)),
               &std::free) {
  CHECK(scratch_ != nullptr);
}

void ChunkWriter::write(base::Ref<Object> object, base::Ref<Chunk> chunk, OnDone on_done) {
  CHECK(chunk->phase() == Chunk::Phase::kWhole);
  const std::uint64_t bytes = chunk->length();
  bool fits = false;
  {
    const base::MutexLock lock(mutex_);
    fits = parts_.usable() && queued_bytes_ + bytes <= parts_.options.write_queue_max.count();
    if (fits) {
      queued_bytes_ += bytes;
      queue_.push_back({.commit = {.object = std::move(object), .chunk = std::move(chunk)},
                        .on_done = std::exchange(on_done, nullptr),
                        .bytes = bytes});
    }
  }
  if (fits) {
    post_pump();
    return;
  }
  parts_.metrics.chunks_dropped.add();
  if (!on_done) return;
  parts_.tasks.post(parts_.context.writer, [told = std::move(on_done)]() mutable {
    told(base::fail(base::ErrorCode::kNoSpace, "the disk's queue is full"));
  });
}

void ChunkWriter::post_pump() {
  {
    const base::MutexLock lock(mutex_);
    if (pump_posted_ || waits_for_room_ || queue_.empty()) return;
    pump_posted_ = true;
  }
  parts_.tasks.post(parts_.context.writer, [this] { pump(); });
}

void ChunkWriter::resume() {
  {
    const base::MutexLock lock(mutex_);
    waits_for_room_ = false;
  }
  post_pump();
}

bool ChunkWriter::take_next(Queued& next) {
  const base::MutexLock lock(mutex_);
  if (queue_.empty()) return false;
  next = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

// One run a turn, so that the reclaimer has its turns, too.
void ChunkWriter::pump() {
  {
    const base::MutexLock lock(mutex_);
    pump_posted_ = false;
  }
  if (!parts_.health.healthy()) {
    refuse_all({base::ErrorCode::kNoSpace, "the disk was taken out"});
    return;
  }
  Run run;
  bool no_room = false;
  for (Queued next; take_next(next);) {
    const Added added = add(next, run);
    if (added == Added::kYes) continue;
    no_room = added == Added::kNoRoom;
    const base::MutexLock lock(mutex_);
    queue_.push_front(std::move(next));
    break;
  }
  finish(std::move(run));
  if (!no_room) {
    post_pump();
    return;
  }
  {
    // Before the reclaimer is asked: it may have ended when this returns.
    const base::MutexLock lock(mutex_);
    waits_for_room_ = true;
  }
  // With runs on their way there may be something to reclaim once they have arrived.
  if (!make_room_() && runs_in_index_ == 0) give_up_waiting();
}

void ChunkWriter::give_up_waiting() {
  refuse_all({base::ErrorCode::kNoSpace, "no room on disk"});
  resume();
}

ChunkWriter::Added ChunkWriter::add(Queued& next, Run& run) {
  const Chunk& chunk = *next.commit.chunk;
  ChunkEntry& entry = next.commit.entry;
  if (run.chunks.size() >= kRunChunksMax || run.bytes >= kRunBytesMax ||
      run.copied + kBlockBytes > kScratchBytes) {
    return Added::kRunIsFull;
  }
  entry.object = next.commit.object->key;
  entry.length = chunk.length();
  if (entry.length <= kInlineMax) {
    if (!parts_.regions.home_has_room()) return Added::kNoRoom;
    entry.body = chunk.read(0, entry.length).view();
  } else {
    if (entry.place.epoch == 0) {
      bool opened = false;
      const auto place = front_.take(entry.length, Regions::Use::kFill, opened);
      if (opened) make_room_();
      if (!place) return Added::kNoRoom;
      entry.place = *place;
    }
    if (run.bytes == 0) run.start = entry.place;
    if (entry.place.region != run.start.region ||
        entry.place.offset != run.start.offset + run.bytes) {
      return Added::kRunIsFull;  // It keeps its place, as the next run's first.
    }
    add_body(chunk, entry, run);
  }
  run.body_bytes += entry.length;
  run.chunks.push_back(std::move(next));
  return Added::kYes;
}

void ChunkWriter::add_body(const Chunk& chunk, ChunkEntry& entry, Run& run) {
  entry.checksums.clear();
  for (std::uint32_t block = 0; block < blocks_in(entry.length); ++block) {
    base::Slice bytes = chunk.read(block * kBlockBytes, kBlockBytes);
    CHECK(bytes.size() == std::min<std::size_t>(kBlockBytes, entry.length - block * kBlockBytes));
    entry.checksums.push_back(block_checksum(chunk.key(), block, bytes.view()));
    if (whole_pages(bytes.view())) {
      run.pieces.emplace_back(bytes.data(), bytes.size());
      run.held.push_back(std::move(bytes));
      continue;
    }
    const std::size_t padded = aligned(bytes.size());
    CHECK(run.copied + padded <= kScratchBytes);
    char* const copy = scratch_.get() + run.copied;
    std::memcpy(copy, bytes.data(), bytes.size());
    std::memset(copy + bytes.size(), 0, padded - bytes.size());
    run.pieces.emplace_back(copy, padded);
    run.copied += padded;
  }
  run.bytes += aligned(entry.length);
}

base::Result<void> ChunkWriter::write_bytes(const Run& run) {
  if (run.bytes == 0) return {};
  const auto pin = parts_.regions.pin(run.start);
  CHECK(pin.has_value());  // The front, or sealed with these on their way.
  const base::MonoTime begun = parts_.context.clock.mono();
  auto written = pin->file().write_pieces(run.start.offset, run.pieces);
  const std::chrono::duration<double> took = parts_.context.clock.mono() - begun;
  parts_.metrics.write_seconds.observe(took.count());
  if (written) {
    parts_.health.worked();
    parts_.metrics.bytes_written.add(run.bytes);
    return written;
  }
  parts_.note_error(written.error());
  if (written.error().code == base::ErrorCode::kNoSpace) parts_.regions.set_disk_full();
  return written;
}

void ChunkWriter::finish(Run run) {
  if (run.chunks.empty()) return;
  if (const auto written = write_bytes(run); !written) {
    for (const Queued& queued : run.chunks) {
      if (!queued.commit.entry.is_inline()) parts_.regions.settle(queued.commit.entry.place);
    }
    const std::size_t count = run.chunks.size();
    end(std::move(run.chunks), std::vector<base::Result<void>>(count, written));
    return;
  }
  ++runs_in_index_;
  parts_.tasks.post(parts_.context.index, [this, chunks = std::move(run.chunks)]() mutable {
    std::vector<ChunkCommit> commits;
    commits.reserve(chunks.size());
    for (const Queued& queued : chunks) commits.push_back(queued.commit);
    auto outcomes = index_.commit(commits);
    parts_.tasks.post(parts_.context.writer,
                      [this, chunks = std::move(chunks), outcomes = std::move(outcomes)]() mutable {
                        end(std::move(chunks), std::move(outcomes));
                        --runs_in_index_;
                        if (parts_.regions.index_is_short()) make_room_();
                        resume();
                      });
  });
}

void ChunkWriter::end(std::vector<Queued> chunks, std::vector<base::Result<void>> outcomes) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    bytes += chunks[i].bytes;
    if (outcomes[i]) {
      parts_.metrics.chunks_written.add();
      parts_.metrics.bytes_admitted.add(chunks[i].bytes);
    } else {
      parts_.metrics.chunks_dropped.add();
    }
  }
  {
    const base::MutexLock lock(mutex_);
    queued_bytes_ -= bytes;
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].on_done) chunks[i].on_done(std::move(outcomes[i]));
  }
}

void ChunkWriter::refuse_all(const base::Error& why) {
  std::vector<Queued> refused;
  for (Queued next; take_next(next);) {
    const DiskPlace& place = next.commit.entry.place;
    if (place.epoch != 0) parts_.regions.settle(place);
    refused.push_back(std::move(next));
  }
  const std::size_t count = refused.size();
  end(std::move(refused), std::vector<base::Result<void>>(count, std::unexpected(why)));
}

}  // namespace cache
