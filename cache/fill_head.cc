// Fill: what a response's head decides: store, renew, pass on, or fail.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "cache/fill.h"
#include "cache/fill_table.h"

namespace cache {

void Fill::on_head(int status, base::Fields fields) {
  CHECK(state_ == State::kAsking);
  received_ = context_.clock.wall();
  origin_status_ = status;
  const Answer answer = read_answer(purpose_.question, status, fields);
  if (answer.kind == Answer::Kind::kOther && !asked_again_) {
    // What the origin holds has not changed, but is not what we hold: ask without a condition.
    asked_again_ = true;
    fetch_.reset();
    purpose_.question = {.kind = Question::Kind::kWhole};
    start();
    return;
  }
  table_.stopped_asking(*this);
  switch (answer.kind) {
    case Answer::Kind::kWhole:
      return on_whole(status, fields, answer.size);
    case Answer::Kind::kPart:
      return on_part(fields, answer);
    case Answer::Kind::kNotModified:
      return on_not_modified(fields);
    case Answer::Kind::kChanged:
      return on_changed();
    case Answer::Kind::kNoUse:
      return on_useless({});
    case Answer::Kind::kRefused:
      return fail(origin_error(base::ErrorCode::kUnreachable, answer.problem));
    case Answer::Kind::kOther:
    case Answer::Kind::kBroken:
      break;
  }
  fail(origin_error(base::ErrorCode::kProtocol, answer.problem));
}

void Fill::on_whole(int status, const base::Fields& fields, std::optional<std::uint64_t> size) {
  if (purpose_.question.kind == Question::Kind::kChunks) {
    const Object& object = *purpose_.known;
    if (strong_etag(fields) == object.head().etag && size == object.length() &&
        !is_newly_guarded(fields)) {
      // The same bytes from the beginning: an origin that can't send ranges.
      return cut(base::Ref<Object>(const_cast<Object*>(&object)),
                 {.end = size, .present = ChunkCutter::Flow::Present::kSkip});
    }
    // The object has changed, and this is the new one. Its readers can't go on with the old.
    // It is forgotten before they are told, so that asking again finds the new one.
    forget(context_, *purpose_.known);
    table_.stopped_bringing(*this);
    for (ChunkWant& want : std::exchange(wants_, {})) {
      want.reply->answer(base::fail(base::ErrorCode::kAborted, "the object changed at the origin",
                                    base::Blame::kOrigin));
    }
    if (context_.memory.peek(purpose_.known->key)) return complete(context_.counters.partial);
  }
  if (status >= 500 && purpose_.question.kind != Question::Kind::kChunks && purpose_.known) {
    return refuse_stale(status, fields);
  }
  admit_object(status, fields, size, {.end = size});
}

void Fill::on_part(const base::Fields& fields, const Answer& answer) {
  const std::uint32_t chunk_size = purpose_.question.kind == Question::Kind::kChunks
                                       ? purpose_.known->chunk_size()
                                       : context_.options.chunk_size;
  const ChunkCutter::Flow flow{.first_chunk = static_cast<std::uint32_t>(answer.first / chunk_size),
                               .end = answer.last + 1,
                               .is_part = true};
  const bool has_a_chunk =
      answer.last + 1 == *answer.size || answer.last + 1 - answer.first >= chunk_size;
  if (!has_a_chunk) {
    if (purpose_.question.kind == Question::Kind::kOpeningRange) return on_useless({});
    return fail(origin_error(base::ErrorCode::kProtocol, "206 with less than one chunk"));
  }
  if (purpose_.question.kind == Question::Kind::kChunks) {
    if (is_newly_guarded(fields)) return on_changed();
    return cut(base::Ref<Object>(const_cast<Object*>(purpose_.known.get())), flow);
  }
  // The object is whole, whatever part of it came first.
  base::Fields of_object = fields;
  of_object.remove("content-range");
  admit_object(200, of_object, answer.size, flow);
}

void Fill::admit_object(int status, const base::Fields& fields, std::optional<std::uint64_t> size,
                        const ChunkCutter::Flow& flow) {
  Admission admission = admit(arrival(status, fields, size), context_.versions);
  const bool storable = admission.verdict == StoreVerdict::kStore;
  const std::uint64_t kept_whole_max =
      std::min(context_.options.unvalidated_max.count(), context_.memory_capacity.count() / 4);
  const bool must_complete = !size || strong_etag(fields).empty();
  const bool fits = !size || (*size <= body_max(context_.options.chunk_size) &&
                              (!must_complete || *size <= kept_whole_max));
  // Correctness first: what was cut would be kept as whole.
  const bool sure_to_be_whole = !fetch_->ends_with_connection();
  bool kept = storable && fits && sure_to_be_whole;
  base::ByteBudget::Share held(&context_.counters.held);
  if (kept && must_complete && !held.try_hold(ChunkCutter::charge_of(size))) {
    kept = false;
    admission.of_this_request = true;  // The next may find room: no mark.
  }
  if (!kept) {
    // An aligned part of a response is no answer to anyone's own request.
    if (purpose_.question.kind == Question::Kind::kOpeningRange && flow.is_part) {
      return on_useless(admission);
    }
    return pass(status, fields, admission);
  }
  // The chunk first, so that who finds the object finds it growing.
  base::Ref<Object> object = admission.object;
  cut(object, flow, std::move(held));
  if (state_ == State::kOver) {  // Nothing of it is to be kept.
    for (Opening& opening : std::exchange(openings_, {})) table_.open_again(std::move(opening));
    return;
  }
  publish(admission);
  recount();
}

void Fill::publish(const Admission& admission) {
  const base::Ref<Object>& object = admission.object;
  if (admission.rule) {
    const bool known = purpose_.rule && purpose_.rule->names == admission.rule->names;
    if (!known || !context_.memory.peek(admission.rule->key)) {
      context_.memory.insert(admission.rule);
      if (!known && context_.disk != nullptr) context_.disk->write(admission.rule);
    }
  }
  keep(object);
  for (Opening& opening : std::exchange(openings_, {})) {
    if (!opening.wanted()) continue;
    if (admission.rule && variant_text(purpose_.key_text, admission.rule->names,
                                       opening.ask.request) != object->key_text) {
      table_.open_again(std::move(opening));
      continue;
    }
    Opened opened = opened_as(Opened::Kind::kObject, opening, origin_status_);
    opened.object = object;
    if (opening.waited) context_.counters.collapsed.add();
    opening.reply->answer(std::move(opened));
  }
}

void Fill::cut(base::Ref<Object> object, const ChunkCutter::Flow& flow,
               base::ByteBudget::Share held) {
  state_ = State::kCutting;
  table_.began_cutting(*this, object->version());
  cutter_ =
      std::make_unique<ChunkCutter>(context_, std::move(object), flow, std::move(held),
                                    [this](const base::Ref<Chunk>& chunk) { give_chunk(chunk); });
  if (cutter_->begin() == ChunkCutter::Taken::kEnough) complete(context_.counters.partial);
}

void Fill::on_not_modified(const base::Fields& fields) {
  const Object& stale = *purpose_.known;
  const Admission renewal = renew(stale, arrival(stale.head().status, fields, std::nullopt));
  const bool kept = renewal.verdict == StoreVerdict::kStore;
  if (kept) {
    keep(renewal.object);
    // Nothing of a body without a validator is on disk before it is complete.
    const bool whole = !stale.head().etag.empty() || stale.on_disk;
    if (whole && context_.disk != nullptr) context_.disk->write(renewal.object);
  } else {
    forget(context_, *purpose_.known);
    if (!renewal.of_this_request) mark_as_passed(purpose_.key, purpose_.text);
  }
  bool first = true;
  for (Opening& opening : std::exchange(openings_, {})) {
    if (!opening.wanted()) continue;
    const auto kind =
        kept || std::exchange(first, false) ? Opened::Kind::kObject : Opened::Kind::kFetchYourself;
    Opened opened = opened_as(kind, opening, 304);
    opened.verdict = renewal.verdict;
    if (kind == Opened::Kind::kObject) {
      opened.object = renewal.object;
      opened.revalidated = true;
      if (opening.waited) context_.counters.collapsed.add();
    }
    opening.reply->answer(std::move(opened));
  }
  complete(context_.counters.revalidated);
}

// Readers of the known object came before it was kept from them: they get no more of it.
bool Fill::is_newly_guarded(const base::Fields& fields) const {
  return access_of(fields) == Access::kToken && purpose_.known->head().access == Access::kAnyone;
}

// The object that wants are waiting for does not exist any more, and this is no new one either.
void Fill::on_changed() {
  forget(context_, *purpose_.known);
  fail(origin_error(base::ErrorCode::kAborted, "the object changed at the origin"));
}

// A true answer to a range that we can't store: no strong validator, no size, several parts, 416.
// The bytes asked were aligned to chunks, so they are nobody's answer. For a while, ranges of it go
// by without asking twice; a plain GET may still store the whole.
void Fill::on_useless(const Admission& admission) {
  if (admission.verdict != StoreVerdict::kStore && !admission.of_this_request) {
    mark_as_passed(purpose_.key, purpose_.text);
  }
  const std::string text = table_.range_mark_text(purpose_.text);
  mark_as_passed(key_of(text, context_.seed), text);
  release_openings(0, admission.verdict);
  complete(context_.counters.passed);
}

void Fill::refuse_stale(int status, const base::Fields& fields) {
  // The first gets the origin's own answer, to pass on or to drop for the stale object; for the
  // others an error is as good, and asking an origin in trouble once for each of them is not.
  const auto first = std::ranges::find_if(openings_, &Opening::wanted);
  const bool someone = first != openings_.end();
  if (someone) {
    give_pipe(*first, status, fields, StoreVerdict::kStatus);
    openings_.erase(first);
  }
  for (Opening& opening : std::exchange(openings_, {})) {
    if (!opening.reply) continue;
    opening.reply->answer(std::unexpected(
        origin_error(base::ErrorCode::kUnreachable, "origin answered " + std::to_string(status))));
  }
  if (!someone) return complete(context_.counters.passed);
  recount();
}

void Fill::pass(int status, const base::Fields& fields, const Admission& admission) {
  if (!admission.of_this_request) mark_as_passed(purpose_.key, purpose_.text);
  if (purpose_.known && context_.disk != nullptr && !admission.of_this_request) {
    context_.disk->erase(purpose_.known->key, purpose_.known->version());
  }
  const auto first = std::ranges::find_if(openings_, &Opening::wanted);
  if (first == openings_.end()) {
    openings_.clear();
    return complete(context_.counters.passed);
  }
  give_pipe(*first, status, fields, admission.verdict);
  openings_.erase(first);
  release_openings(status, admission.verdict);
  recount();
}

void Fill::give_pipe(Opening& opening, int status, const base::Fields& fields,
                     StoreVerdict verdict) {
  state_ = State::kPassing;
  FillTable& table = table_;
  const std::uint64_t id = id_;
  body_ = std::make_unique<PrivateBody>(
      context_.options.pipe_max, context_.buffers, context_.thread.executor,
      [&table, id] {
        if (Fill* fill = table.find(id)) fill->pipe_has_room();
      },
      [&table, id] {
        if (Fill* fill = table.find(id)) fill->pipe_left();
      });
  Opened opened = opened_as(Opened::Kind::kPrivate, opening, status);
  opened.verdict = verdict;
  opened.status = status;
  opened.fields = fields;
  opened.body = body_->make_pipe(opening.reply->executor());
  opening.reply->answer(std::move(opened));
}

void Fill::release_openings(int status, StoreVerdict verdict) {
  for (Opening& opening : std::exchange(openings_, {})) {
    if (!opening.reply) continue;
    Opened opened = opened_as(Opened::Kind::kFetchYourself, opening, status);
    opened.verdict = verdict;
    opening.reply->answer(std::move(opened));
  }
}

void Fill::mark_as_passed(const Key& key, const std::string& text) {
  context_.memory.insert(
      base::make_ref<PassMark>(key, text, context_.clock.mono() + context_.options.pass_mark_time));
}

// Puts the object into memory, unless a request sent after a later purge was quicker.
void Fill::keep(const base::Ref<Object>& object) {
  const base::Ref<Record> now = context_.memory.peek(object->key);
  if (now && now->kind == Record::Kind::kObject &&
      static_cast<const Object&>(*now).head().purge_sequence > object->head().purge_sequence) {
    return;
  }
  context_.memory.insert(object);
}

}  // namespace cache
