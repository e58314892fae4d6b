#include "cache/fill.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "cache/fill_table.h"

namespace cache {

base::Error origin_error(base::ErrorCode code, std::string context) {
  return {code, std::move(context), base::Blame::kOrigin};
}

Fill::Fill(FillTable& table, const FillContext& context, std::uint64_t id, Purpose purpose)
    : table_(table), context_(context), id_(id), purpose_(std::move(purpose)) {
  context_.counters.in_flight.fetch_add(1, std::memory_order_relaxed);
}

Fill::~Fill() {
  if (state_ != State::kOver) context_.counters.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void Fill::start() {
  OriginRequest request;
  request.target = purpose_.target;
  const Question& question = purpose_.question;
  switch (question.kind) {
    case Question::Kind::kWhole:
      break;
    case Question::Kind::kOpeningRange:
      request.range = Span{question.first, question.last};
      break;
    case Question::Kind::kChunks:
      request.range = Span{question.first, question.last};
      request.if_range = question.etag;
      break;
    case Question::Kind::kRevalidation: {
      const base::Fields& fields = purpose_.known->fields()->fields;
      request.if_none_match = fields.find("etag").value_or("");
      request.if_modified_since = fields.find("last-modified").value_or("");
      break;
    }
  }
  sent_ = context_.clock.wall();
  fetch_ = context_.thread.origin.fetch(std::move(request), *this);
}

void Fill::cancel() { fail({base::ErrorCode::kAborted, "the cache closes", base::Blame::kUs}); }

void Fill::recount() {
  const std::uint64_t waiting = openings_.size() + wants_.size();
  context_.counters.followers.fetch_add(waiting - counted_, std::memory_order_relaxed);
  counted_ = waiting;
}

bool Fill::crowded() const {
  return openings_.size() + wants_.size() >= context_.options.followers_max;
}

base::Result<void> Fill::join(Opening opening) {
  CHECK(state_ == State::kAsking);
  if (crowded()) {
    return base::fail(base::ErrorCode::kOverloaded, "too many clients wait for one fill");
  }
  opening.waited = opening.waited || !openings_.empty();
  openings_.push_back(std::move(opening));
  recount();
  return {};
}

base::Result<void> Fill::join(ChunkWant want) {
  if (crowded()) {
    return base::fail(base::ErrorCode::kOverloaded, "too many clients wait for one fill");
  }
  want.waited = want.waited || !wants_.empty() || state_ == State::kCutting;
  wants_.push_back(std::move(want));
  recount();
  if (blocked_) pull();  // He may be the reader that a pulled body waits for.
  return {};
}

bool Fill::will_bring(std::uint32_t index) const {
  if (state_ == State::kAsking) {
    if (purpose_.question.kind != Question::Kind::kChunks) return false;
    const std::uint64_t start = std::uint64_t{index} * purpose_.known->chunk_size();
    return start >= purpose_.question.first && start <= purpose_.question.last;
  }
  if (state_ != State::kCutting || index <= cutter_->next_chunk()) return false;
  if (const auto end = cutter_->end_chunk(); end && index >= *end) return false;
  // A seek far ahead of the flow gets a request of its own, if such a request can be made.
  constexpr std::uint32_t kWaitedChunksMax = 4;
  return cutter_->must_complete() || cutter_->skips() ||
         index - cutter_->next_chunk() <= kWaitedChunksMax;
}

base::Ref<Chunk> Fill::held(std::uint32_t index) const {
  return cutter_ ? cutter_->held(index) : nullptr;
}

std::vector<Version> Fill::versions() const {
  std::vector<Version> versions;
  if (cutter_) versions.push_back(cutter_->object()->version());
  if (purpose_.question.kind == Question::Kind::kChunks) {
    versions.push_back(purpose_.known->version());
  }
  return versions;
}

Arrival Fill::arrival(int status, const base::Fields& fields,
                      std::optional<std::uint64_t> size) const {
  return {.key_text = purpose_.key_text,
          .request = purpose_.request,
          .status = status,
          .fields = fields,
          .length = size,
          .policy = *purpose_.policy,
          .sent = sent_,
          .received = received_,
          .purge_sequence = purpose_.purge_sequence,
          .chunk_size = context_.options.chunk_size,
          .seed = context_.seed,
          .known_rule = purpose_.rule.get()};
}

Opened Fill::opened_as(Opened::Kind kind, const Opening& opening, int status) const {
  Opened opened;
  opened.kind = kind;
  opened.collapsed = opening.waited;
  opened.origin_status = status;
  return opened;
}

// --- The body ---

bool Fill::on_body(std::string_view bytes) {
  if (state_ == State::kPassing) return body_->push(bytes);
  if (state_ == State::kOver) return true;
  CHECK(state_ == State::kCutting);
  if (blocked_) {
    paused_ = true;
    return false;
  }
  place(bytes);
  return true;
}

void Fill::place(std::string_view bytes) {
  const ChunkCutter::Taken taken = cutter_->take(bytes);
  switch (taken) {
    case ChunkCutter::Taken::kAll:
      unplaced_.clear();
      tries_ = 0;
      if (!std::exchange(blocked_, false)) return;
      if (outcome_) return body_ended();
      if (std::exchange(paused_, false)) fetch_->resume();
      return;
    case ChunkCutter::Taken::kEnough:
      return complete(context_.counters.partial);
    case ChunkCutter::Taken::kTooMuch:
      return fail(origin_error(base::ErrorCode::kProtocol, "more bytes than announced"));
    case ChunkCutter::Taken::kNoMemory:
    case ChunkCutter::Taken::kAhead:
      unplaced_ = std::string(bytes);
      blocked_ = true;
      return wait_for_room(taken);
  }
}

void Fill::wait_for_room(ChunkCutter::Taken why) {
  if (why == ChunkCutter::Taken::kAhead) {
    // Only its readers keep the object alive by now: when they have left, nobody can come.
    if (cutter_->object()->is_unique()) return complete(context_.counters.partial);
  } else if (!context_.thread.after || ++tries_ > kMemoryTriesMax) {
    return fail({base::ErrorCode::kOverloaded, "no memory for a fill", base::Blame::kUs});
  }
  table_.run_later(kMemoryPause, id_);
}

void Fill::pull() {
  if (state_ != State::kCutting || !blocked_) return;
  const std::string bytes = std::exchange(unplaced_, {});
  place(bytes);
}

void Fill::pipe_has_room() {
  if (state_ == State::kPassing) fetch_->resume();
}

void Fill::pipe_left() {
  if (state_ == State::kPassing) complete(context_.counters.passed);
}

void Fill::on_end(base::Result<void> outcome) {
  switch (state_) {
    case State::kOver:
      return;
    case State::kAsking:
      table_.stopped_asking(*this);
      if (outcome) {
        outcome = base::fail(base::ErrorCode::kProtocol, "no response", base::Blame::kOrigin);
      }
      return fail(outcome.error());
    case State::kPassing:
      body_->end(outcome.has_value());
      return complete(context_.counters.passed);
    case State::kCutting:
      outcome_ = std::move(outcome);
      if (!blocked_) body_ended();
  }
}

void Fill::body_ended() {
  if (!*outcome_) return fail(outcome_->error());
  if (const auto finished = cutter_->finish(); !finished) return fail(finished.error());
  if (cutter_->must_complete()) table_.keep_unread(cutter_->take_unread());
  complete(context_.counters.stored);
}

void Fill::give_chunk(const base::Ref<Chunk>& chunk) {
  const auto others = std::stable_partition(wants_.begin(), wants_.end(), [&](const auto& want) {
    return want.ask.index == chunk->key().index;
  });
  for (auto want = wants_.begin(); want != others; ++want) {
    CHECK(want->ask.object->version() == chunk->key().version);
    if (want->waited) context_.counters.collapsed.add();
    want->reply->answer(ChunkOpened{chunk, Source::kOrigin, want->waited});
  }
  wants_.erase(wants_.begin(), others);
  recount();
}

// --- The end ---

void Fill::complete(base::Counter& result) {
  result.add();
  std::vector<ChunkWant> wants = std::exchange(wants_, {});
  end();
  // This flow ended before their chunks: they ask again.
  for (ChunkWant& want : wants) table_.want_again(std::move(want));
}

void Fill::fail(const base::Error& error) {
  if (state_ == State::kOver) return;
  context_.counters.failed.add();
  if (cutter_) cutter_->fail();
  if (body_) body_->end(false);
  for (Opening& opening : std::exchange(openings_, {})) {
    if (opening.reply) opening.reply->answer(std::unexpected(error));
  }
  for (ChunkWant& want : std::exchange(wants_, {})) want.reply->answer(std::unexpected(error));
  end();
}

void Fill::end() {
  if (state_ == State::kOver) return;
  recount();
  table_.ended(*this);
  state_ = State::kOver;
  fetch_.reset();
  cutter_.reset();
  body_.reset();
  context_.counters.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace cache
