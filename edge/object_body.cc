#include "edge/object_body.h"

#include <algorithm>
#include <utility>

namespace edge {

using cache::Chunk;

ObjectBody::ObjectBody(Worker& worker, base::Ref<const cache::Object> object,
                       base::Ref<const Target> target, std::uint64_t first,
                       std::optional<std::uint64_t> last, Opened opened, std::function<void()> wake)
    : worker_(worker),
      object_(std::move(object)),
      target_(std::move(target)),
      position_(first),
      last_(last),
      opened_(opened),
      wake_(std::move(wake)),
      registered_(worker.bodies.insert(worker.bodies.end(), this)) {
  if (!last_ && object_->length() && *object_->length() > 0) last_ = *object_->length() - 1;
}

ObjectBody::~ObjectBody() { worker_.bodies.erase(registered_); }

bool ObjectBody::at_end() const {
  if (last_) return position_ > *last_;
  const auto length = object_->length();
  return length && position_ >= *length;
}

bool ObjectBody::prepare() {
  if (failure_) return false;
  return at_end() || find_chunk();
}

http::Pulled ObjectBody::pull(std::size_t max) {
  pulled_since_sweep_ = true;
  while (true) {
    if (at_end()) return http::Pulled::end();
    if (failure_) return http::Pulled::failed();
    if (!find_chunk()) return failure_ ? http::Pulled::failed() : http::Pulled::pending();
    if (!chunk_) continue;  // The length became known meanwhile, and this was the end.

    const auto offset =
        static_cast<std::uint32_t>(position_ - std::uint64_t{chunk_index_} * object_->chunk_size());
    std::uint64_t wanted = max;
    if (last_) wanted = std::min<std::uint64_t>(wanted, *last_ - position_ + 1);
    base::Slice piece = chunk_->read(
        offset, static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, chunk_->length())));
    if (piece.empty()) continue;  // The chunk ended exactly here, or failed: look again.
    position_ += piece.size();
    worker_.metrics.count_bytes(chunk_source_, piece.size());
    return http::Pulled::some(std::move(piece));
  }
}

bool ObjectBody::find_chunk() {
  if (asking_ || waiting_) return false;
  const std::uint32_t chunk_size = object_->chunk_size();
  const auto index = static_cast<std::uint32_t>(position_ / chunk_size);
  const auto offset = static_cast<std::uint32_t>(position_ % chunk_size);
  if (!chunk_ || chunk_index_ != index) {
    chunk_ = worker_.store.chunk_in_memory(*object_, index, offset);
    chunk_index_ = index;
    chunk_source_ = cache::Source::kMemory;
    if (!chunk_) {
      ask(index);
      return false;
    }
    if (opened_ == Opened::kFetchedNow || chunk_->phase() == Chunk::Phase::kGrowing) {
      chunk_source_ = cache::Source::kOrigin;
    }
    // Bytes that are here already are a hit, even while others of their chunk still arrive.
    if (is_first_ && chunk_->readable(offset) == 0) {
      first_source_ = chunk_source_;
      first_collapsed_ = true;  // Another request's fill brings them.
    }
    ++chunks_begun_;
    if (chunks_begun_ > 1) read_ahead(index);
  }
  if (chunk_->readable(offset) > 0) {
    is_first_ = false;
    return true;
  }
  switch (chunk_->phase()) {
    case Chunk::Phase::kGrowing:
      // A fresh fill: the head may go out before the first byte is here.
      if (is_first_) {
        is_first_ = false;
        return true;
      }
      waiting_ = chunk_->wait(offset, worker_.loop, [this] {
        waiting_.reset();
        wake_();
      });
      return false;
    case Chunk::Phase::kPartial:  // Other blocks of it are in memory.
      chunk_ = nullptr;
      ask(index);
      return false;
    case Chunk::Phase::kWhole:
      // A body of unknown length that ended in front of this position.
      chunk_ = nullptr;
      if (at_end()) return true;
      [[fallthrough]];
    case Chunk::Phase::kFailed:
      chunk_ = nullptr;
      if (++failures_ < kChunkTriesMax && !object_->head().etag.empty()) {
        ask(index);
      } else {
        failure_ = base::Error{base::ErrorCode::kAborted, "the fill of a chunk failed",
                               base::Blame::kOrigin};
      }
      return false;
  }
  return false;
}

cache::ChunkAsk ObjectBody::ask_for(std::uint32_t index, std::uint32_t offset, std::uint32_t length,
                                    std::uint32_t ahead) const {
  cache::ChunkAsk ask;
  ask.object = object_;
  ask.index = index;
  ask.offset = offset;
  ask.length = length;
  ask.read_ahead = ahead;
  ask.target = target_;
  ask.request = target_->fields;
  ask.policy = target_->site->policy;
  return ask;
}

void ObjectBody::ask(std::uint32_t index) {
  const std::uint64_t start = std::uint64_t{index} * object_->chunk_size();
  const auto offset = static_cast<std::uint32_t>(position_ - start);
  const std::uint32_t chunk_length = object_->chunk_length(index);
  if (offset >= chunk_length) {
    failure_ = base::Error{base::ErrorCode::kAborted, "the body ended early", base::Blame::kOrigin};
    return;
  }
  std::uint32_t length = chunk_length - offset;
  std::uint32_t ahead = 0;
  if (last_) {
    length = static_cast<std::uint32_t>(std::min<std::uint64_t>(length, *last_ - position_ + 1));
    // What this request itself will read next may come in the same origin request.
    const auto last_index = static_cast<std::uint32_t>(*last_ / object_->chunk_size());
    ahead = std::min(last_index - index, worker_.revision->config.cache.read_ahead_chunks);
  }
  ahead_until_ = std::max(ahead_until_, index + ahead + 1);
  asking_ = worker_.store.chunk(ask_for(index, offset, length, ahead), worker_.loop,
                                [this, index](base::Result<cache::ChunkOpened> result) {
                                  arrived(index, std::move(result));
                                });
}

void ObjectBody::arrived(std::uint32_t index, base::Result<cache::ChunkOpened> result) {
  asking_.reset();
  if (!result) {
    failure_ = result.error();
  } else {
    chunk_ = std::move(result->chunk);
    chunk_index_ = index;
    chunk_source_ = result->source;
    ++chunks_begun_;
    if (is_first_) {
      is_first_ = false;
      first_source_ = result->source;
      first_collapsed_ = result->collapsed;
    }
    if (chunks_begun_ > 1) read_ahead(index);
  }
  wake_();
}

void ObjectBody::read_ahead(std::uint32_t index) {
  const std::uint32_t window = worker_.revision->config.cache.read_ahead_chunks;
  if (window == 0 || !last_ || reading_ahead_) return;
  const auto last_index = static_cast<std::uint32_t>(*last_ / object_->chunk_size());
  std::uint32_t next = std::max(ahead_until_, index + 1);
  if (next > last_index || next > index + (window + 1) / 2) return;  // Far enough ahead already.
  // Chunks in memory need nothing; stop at the first that is not.
  const std::uint32_t end = std::min(last_index, index + window);
  while (next <= end && worker_.store.chunk_in_memory(*object_, next, 0)) ++next;
  ahead_until_ = next;
  if (next > end) return;
  const std::uint32_t ahead = end - next;
  ahead_until_ = end + 1;
  reading_ahead_ = worker_.store.chunk(
      ask_for(next, 0, object_->chunk_length(next), ahead), worker_.loop,
      [this](const base::Result<cache::ChunkOpened>&) { reading_ahead_.reset(); });
}

void ObjectBody::sweep() {
  if (!pulled_since_sweep_ && chunk_ && chunk_->phase() != Chunk::Phase::kGrowing) chunk_ = nullptr;
  pulled_since_sweep_ = false;
}

}  // namespace edge
