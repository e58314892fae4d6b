// A client of the Store that does what the edge does for a GET: looks up, opens, and reads the
// bytes it wants chunk by chunk, waiting where they are still to come.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "cache/store.h"

namespace cache {

class StoreClient {
 public:
  StoreClient(Store& store, base::Executor& executor, const base::Clock& clock)
      : store_(store), executor_(executor), clock_(clock) {}
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;

  struct Get {
    std::string key_text = "site\n/video.mp4";
    base::Fields request;
    std::optional<Span> range;
    std::shared_ptr<const CachePolicy> policy = std::make_shared<CachePolicy>();
    std::uint32_t read_ahead = 0;
    base::Ref<const OriginTarget> target;
    std::size_t stop_after = SIZE_MAX;  // Bytes; then the client reads no further, but stays.
  };

  void get(Get get) {
    get_ = std::move(get);
    Lookup lookup = store_.find_in_memory(get_.key_text, get_.request);
    if (lookup.state != Lookup::State::kAskDisk) return looked_up(std::move(lookup));
    pending_ = store_.find(get_.key_text, get_.request, executor_,
                           [this](Lookup found) { looked_up(std::move(found)); });
  }

  // Called on the executor, after the end.
  std::function<void()> on_end;

  // What became of it.
  enum class End { kNone, kServed, kPrivate, kFetchYourself, kError };
  [[nodiscard]] End end() const { return end_; }
  [[nodiscard]] bool done() const { return end_ != End::kNone; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] const base::Error& error() const { return error_; }
  [[nodiscard]] const base::Ref<const Object>& object() const { return object_; }
  [[nodiscard]] const Opened& opened() const { return opened_; }
  [[nodiscard]] bool asked_origin() const { return asked_origin_; }
  [[nodiscard]] Source first_source() const { return first_source_; }
  [[nodiscard]] bool has_head() const { return object_ || end_ != End::kNone; }
  void read_on() {
    get_.stop_after = SIZE_MAX;
    opened_.body ? pull() : step();
  }

 private:
  void looked_up(Lookup lookup) {
    if (lookup.state == Lookup::State::kPass) return finish(End::kFetchYourself);
    if (lookup.state == Lookup::State::kFound) {
      const UseDecision use = use_of(lookup.object->head().freshness, get_.request, *get_.policy,
                                     clock_.wall(), lookup.soft_purged);
      if (use.use == Use::kStaleOk) store_.revalidate_in_background(ask(), lookup.object);
      if (use.use != Use::kRevalidate) return serve(std::move(lookup.object));
      if_error_ = use.if_error ? lookup.object : nullptr;
    }
    asked_origin_ = true;
    pending_ = store_.open(ask(), lookup.object, executor_, [this](base::Result<Opened> opened) {
      opened_answer(std::move(opened));
    });
  }

  void opened_answer(base::Result<Opened> opened) {
    pending_.reset();
    if (!opened) {
      if (if_error_) return serve(if_error_);
      return fail(opened.error());
    }
    opened_ = std::move(*opened);
    switch (opened_.kind) {
      case Opened::Kind::kFetchYourself:
        return finish(End::kFetchYourself);
      case Opened::Kind::kObject:
        return serve(opened_.object);
      case Opened::Kind::kPrivate:
        return pull();
    }
  }

  void pull() {
    while (bytes_.size() < get_.stop_after) {
      const BodyPipe::Piece piece = opened_.body->pull(10'000);
      switch (piece.state) {
        case BodyPipe::Piece::State::kPiece:
          bytes_ += piece.bytes.view();
          break;
        case BodyPipe::Piece::State::kPending:
          return opened_.body->on_ready([this] { pull(); });
        case BodyPipe::Piece::State::kEnd:
          return finish(End::kPrivate);
        case BodyPipe::Piece::State::kFailed:
          return fail({base::ErrorCode::kAborted, "private body failed", base::Blame::kOrigin});
      }
    }
  }

  void serve(base::Ref<const Object> object) {
    object_ = std::move(object);
    at_ = get_.range ? get_.range->first : 0;
    step();
  }

  // The bytes wanted end where the range or the object ends, which may not be known yet.
  [[nodiscard]] bool has_all() const {
    if (get_.range && get_.range->last && at_ > *get_.range->last) return true;
    const auto length = object_->length();
    return length && at_ >= *length;
  }

  void step() {
    wait_.reset();  // It keeps its chunk alive.
    while (!done() && bytes_.size() < get_.stop_after) {
      if (has_all()) return finish(End::kServed);
      const auto index = static_cast<std::uint32_t>(at_ / object_->chunk_size());
      const auto offset = static_cast<std::uint32_t>(at_ % object_->chunk_size());
      if (!chunk_ || chunk_->key().index != index) {
        // While the length is unknown, only a chunk that has turned whole says whether it was the
        // last: its successor is there, or the length is.
        if (chunk_ && chunk_->phase() == Chunk::Phase::kGrowing && !object_->length()) {
          return wait(chunk_->length());
        }
        chunk_ = store_.chunk_in_memory(*object_, index, offset);
        if (!chunk_) return ask_chunk(index, offset);
        note(Source::kMemory);
      }
      // The end comes first: it may be set while the phase changes below.
      const Chunk::Phase phase = chunk_->phase();
      std::uint32_t wanted = 10'000;
      if (get_.range && get_.range->last) {
        wanted = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(wanted, *get_.range->last - at_ + 1));
      }
      const base::Slice piece = chunk_->read(offset, wanted);
      if (!piece.empty()) {
        bytes_ += piece.view();
        at_ += piece.size();
        failures_ = 0;
        continue;
      }
      switch (phase) {
        case Chunk::Phase::kGrowing:
          return wait(offset);
        case Chunk::Phase::kWhole:
          if (has_all()) continue;
          return fail({base::ErrorCode::kCorrupt, "a whole chunk ends, but not the object"});
        case Chunk::Phase::kPartial:
          chunk_ = nullptr;
          return ask_chunk(index, offset);
        case Chunk::Phase::kFailed:
          if (++failures_ > 1) {
            return fail({base::ErrorCode::kAborted, "chunk failed", base::Blame::kOrigin});
          }
          chunk_ = nullptr;
          return ask_chunk(index, offset);
      }
    }
  }

  void wait(std::uint32_t offset) {
    wait_ = chunk_->wait(offset, executor_, [this] { step(); });
  }

  void ask_chunk(std::uint32_t index, std::uint32_t offset) {
    ChunkAsk want;
    want.object = object_;
    want.index = index;
    want.offset = offset;
    want.length = object_->chunk_length(index) - offset;
    if (get_.range && get_.range->last) {
      want.length = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(want.length, *get_.range->last - at_ + 1));
    }
    want.read_ahead = get_.read_ahead;
    want.target = get_.target;
    want.request = get_.request;
    want.policy = get_.policy;
    pending_ = store_.chunk(std::move(want), executor_, [this](base::Result<ChunkOpened> opened) {
      pending_.reset();
      if (!opened) return fail(opened.error());
      chunk_ = std::move(opened->chunk);
      note(opened->source);
      step();
    });
  }

  void note(Source source) {
    if (!std::exchange(noted_, true)) first_source_ = source;
  }

  [[nodiscard]] Ask ask() const {
    return {.key_text = get_.key_text,
            .request = get_.request,
            .range = get_.range,
            .target = get_.target,
            .policy = get_.policy};
  }
  void fail(base::Error error) {
    error_ = std::move(error);
    finish(End::kError);
  }
  void finish(End end) {
    end_ = end;
    chunk_ = nullptr;  // Who has all holds no memory any more.
    if (on_end) executor_.post([told = on_end] { told(); });
  }

  Store& store_;
  base::Executor& executor_;
  const base::Clock& clock_;
  Get get_;
  std::unique_ptr<Store::Pending> pending_;
  std::unique_ptr<Chunk::Wait> wait_;
  base::Ref<const Object> object_;
  base::Ref<const Object> if_error_;
  base::Ref<Chunk> chunk_;
  Opened opened_;
  std::uint64_t at_ = 0;
  int failures_ = 0;
  End end_ = End::kNone;
  base::Error error_;
  std::string bytes_;
  bool asked_origin_ = false;
  bool noted_ = false;
  Source first_source_ = Source::kMemory;
};

}  // namespace cache
