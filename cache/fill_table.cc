#include "cache/fill_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace cache {
namespace {

constexpr int kAttemptsMax = 3;

// The most that one range request asks for: enough to make a round trip cheap beside the transfer,
// little enough that a seek does not leave much unwanted behind.
constexpr std::uint32_t kChunksPerRequestMax = 16;

std::unexpected<base::Error> closed() {
  return base::fail(base::ErrorCode::kAborted, "the cache is closed");
}

std::unexpected<base::Error> lost() {
  return base::fail(base::ErrorCode::kAborted,
                    "a part of this response is lost and can't be asked for alone");
}

bool can_be_asked_in_part(const Object& object) {
  return !object.head().etag.empty() && object.length().has_value();
}

bool has_validator(const Object& object) {
  const base::Fields& fields = object.fields()->fields;
  return fields.contains("etag") || fields.contains("last-modified");
}

// Whole chunks around the range asked; none when a plain GET serves it as well.
std::optional<Span> aligned(const std::optional<Span>& range, std::uint32_t chunk_size) {
  if (!range || (range->first == 0 && !range->last)) return std::nullopt;
  const std::uint64_t first = range->first / chunk_size * chunk_size;
  const std::uint64_t last_max = first + std::uint64_t{kChunksPerRequestMax} * chunk_size - 1;
  const std::uint64_t asked = std::min(range->last.value_or(last_max), last_max);
  return Span{first, (asked / chunk_size + 1) * chunk_size - 1};
}

}  // namespace

FillTable::FillTable(const FillContext& context) : context_(context) {}

FillTable::~FillTable() = default;

std::string FillTable::range_mark_text(std::string_view text) const {
  return std::string(text) + "\nrange";
}

// --- Opening an object ---

void FillTable::open(Opening opening) {
  if (closed_) {
    if (opening.reply) opening.reply->answer(closed());
    return;
  }
  if (opening.reply && !opening.reply->wanted()) return;

  // Before the object is held against the purges: one published in between has a higher number
  // than the fill's, and so hides what the fill brings.
  const std::uint64_t purge_sequence = context_.purges.sequence();
  const Selection at =
      select(context_.memory, context_.seed, opening.ask.key_text, opening.ask.request);
  const Lookup lookup = look_up(at, context_.purges, context_.clock);
  if (serves(lookup, opening)) return answer(opening, lookup);

  // A fill that was sent for before a purge may bring what the purge took: nobody new joins it.
  if (const auto asking = asking_.find(at.key);
      asking != asking_.end() && asking->second->purge_sequence() == purge_sequence) {
    if (!opening.reply) return;  // One revalidation is enough.
    const auto reply = opening.reply;
    if (const auto joined = asking->second->join(std::move(opening)); !joined) {
      reply->answer(std::unexpected(joined.error()));
    }
    return;
  }
  base::Ref<const Object> stale = lookup.object;
  if (!stale && opening.stale && context_.purges.check(*opening.stale) != PurgeVerdict::kHard) {
    stale = opening.stale;
  }
  begin_opening(std::move(opening), at, std::move(stale), purge_sequence);
}

// Whether the caller need not ask the origin after all: someone else's fill was quicker, or what
// he holds is still being filled.
bool FillTable::serves(const Lookup& lookup, const Opening& opening) const {
  if (lookup.state == Lookup::State::kPass) return true;
  if (lookup.state != Lookup::State::kFound) return false;
  const Object& object = *lookup.object;
  if (const auto fills = bringing_.find(object.version()); fills != bringing_.end()) {
    for (const Fill* fill : fills->second) {
      if (fill->must_complete()) return true;
    }
  }
  if (lookup.object == opening.stale) return false;
  if (opening.stale && object.head().freshness.no_cache) return true;
  const UseDecision decision =
      use_of(object.head().freshness, opening.ask.request, *opening.ask.policy,
             context_.clock.wall(), lookup.soft_purged);
  return decision.use != Use::kRevalidate;
}

void FillTable::answer(const Opening& opening, const Lookup& lookup) {
  if (!opening.reply) return;
  Opened opened;
  opened.collapsed = true;
  if (lookup.state == Lookup::State::kPass) {
    opened.kind = Opened::Kind::kFetchYourself;
  } else {
    opened.kind = Opened::Kind::kObject;
    opened.object = lookup.object;
    context_.counters.collapsed.add();
  }
  opening.reply->answer(std::move(opened));
}

void FillTable::begin_opening(Opening opening, const Selection& at, base::Ref<const Object> stale,
                              std::uint64_t purge_sequence) {
  Fill::Purpose purpose;
  if (stale && has_validator(*stale)) {
    purpose.question.kind = Question::Kind::kRevalidation;
    purpose.question.etag = stale->head().etag;
  } else if (const auto span = aligned(opening.ask.range, context_.options.chunk_size);
             span && !stale) {
    const Key mark = key_of(range_mark_text(at.text(opening.ask.key_text)), context_.seed);
    const base::Ref<Record> marked = context_.memory.find(mark);
    const bool useless = marked && marked->kind == Record::Kind::kPassMark &&
                         context_.clock.mono() < static_cast<const PassMark&>(*marked).until;
    if (useless || *span->last > body_max(context_.options.chunk_size)) {
      Opened opened;
      opened.kind = Opened::Kind::kFetchYourself;
      if (opening.reply) opening.reply->answer(std::move(opened));
      return;
    }
    purpose.question = {
        .kind = Question::Kind::kOpeningRange, .first = span->first, .last = *span->last};
  }
  purpose.key = at.key;
  purpose.text = at.text(opening.ask.key_text);
  purpose.target = opening.ask.target;
  purpose.request = opening.ask.request;
  purpose.policy = opening.ask.policy;
  purpose.key_text = opening.ask.key_text;
  purpose.rule = at.rule;
  purpose.known = std::move(stale);
  purpose.purge_sequence = purge_sequence;

  const auto reply = opening.reply;
  const base::Result<Fill*> fill = begin(std::move(purpose));
  if (!fill) {
    if (reply) reply->answer(std::unexpected(fill.error()));
    return;
  }
  asking_[at.key] = *fill;
  if (reply) CHECK((*fill)->join(std::move(opening)).has_value());
  (*fill)->start();
}

base::Result<Fill*> FillTable::begin(Fill::Purpose purpose) {
  if (context_.counters.in_flight.load(std::memory_order_relaxed) >= context_.options.fills_max) {
    return base::fail(base::ErrorCode::kOverloaded, "too many fills");
  }
  const std::uint64_t id = next_id_++;
  auto fill = std::make_unique<Fill>(*this, context_, id, std::move(purpose));
  return fills_.emplace(id, std::move(fill)).first->second.get();
}

void FillTable::open_again(Opening opening) {
  if (++opening.attempts < kAttemptsMax) return open(std::move(opening));
  if (!opening.reply) return;
  Opened opened;
  opened.kind = Opened::Kind::kFetchYourself;
  opened.collapsed = true;
  opening.reply->answer(std::move(opened));
}

// --- Missing chunks ---

void FillTable::want(ChunkWant want) {
  if (closed_) return want.reply->answer(closed());
  if (!want.reply->wanted()) return;
  const Object& object = *want.ask.object;
  const std::uint32_t index = want.ask.index;
  if (object.length() && index >= object.chunk_count()) {
    return want.reply->answer(base::fail(base::ErrorCode::kInvalid, "no such chunk"));
  }
  if (base::Ref<Chunk> chunk = chunk_here(object, index, want.ask.offset)) {
    const bool grows = chunk->phase() == Chunk::Phase::kGrowing;
    if (grows) context_.counters.collapsed.add();
    return want.reply->answer(
        ChunkOpened{std::move(chunk), grows ? Source::kOrigin : Source::kMemory, grows});
  }
  if (Fill* fill = bringing(object.version(), index)) {
    const auto reply = want.reply;
    if (const auto joined = fill->join(std::move(want)); !joined) {
      reply->answer(std::unexpected(joined.error()));
    }
    return;
  }
  if (outdated(object)) {
    return want.reply->answer(
        base::fail(base::ErrorCode::kAborted, "the object was replaced by a newer version"));
  }
  if (!can_be_asked_in_part(object)) {
    // Without its lost chunk the object is a miss.
    forget(context_, object);
    return want.reply->answer(lost());
  }
  begin_chunks(std::move(want));
}

base::Ref<Chunk> FillTable::chunk_here(const Object& object, std::uint32_t index,
                                       std::uint32_t offset) const {
  base::Ref<Chunk> chunk = context_.memory.find(ChunkKey{object.version(), index});
  if (chunk) {
    switch (chunk->phase()) {
      case Chunk::Phase::kWhole:
      case Chunk::Phase::kGrowing:
        return chunk;
      case Chunk::Phase::kPartial:
        if (chunk->readable(offset) > 0) return chunk;
        break;
      case Chunk::Phase::kFailed:
        break;
    }
  }
  if (base::Ref<Chunk> held = unread_.find({object.version(), index})) {
    return context_.memory.insert(std::move(held));
  }
  const auto fills = bringing_.find(object.version());
  if (fills == bringing_.end()) return nullptr;
  for (const Fill* fill : fills->second) {
    if (base::Ref<Chunk> held = fill->held(index)) return context_.memory.insert(std::move(held));
  }
  return nullptr;
}

Fill* FillTable::bringing(const Version& version, std::uint32_t index) const {
  const auto fills = bringing_.find(version);
  if (fills == bringing_.end()) return nullptr;
  for (Fill* fill : fills->second) {
    if (fill->will_bring(index)) return fill;
  }
  return nullptr;
}

// Whether the origin is known to have something else by now: asking for the old would be in vain.
bool FillTable::outdated(const Object& object) const {
  const base::Ref<Record> now = context_.memory.peek(object.key);
  if (!now || now->kind != Record::Kind::kObject) return false;
  const auto& newest = static_cast<const Object&>(*now);
  return newest.version() != object.version() && newest.head().etag != object.head().etag;
}

void FillTable::begin_chunks(ChunkWant want) {
  const base::Ref<const Object> object = want.ask.object;
  const std::uint32_t first = want.ask.index;
  const std::uint32_t count_max =
      std::min({object->chunk_count() - first, kChunksPerRequestMax,
                std::min(want.ask.read_ahead, kChunksPerRequestMax) + 1});
  std::uint32_t count = 1;
  while (count < count_max && !chunk_here(*object, first + count, 0) &&
         bringing(object->version(), first + count) == nullptr) {
    ++count;
  }

  Fill::Purpose purpose;
  const std::uint64_t begin_at = std::uint64_t{first} * object->chunk_size();
  const std::uint64_t end_at =
      std::min(*object->length(), begin_at + std::uint64_t{count} * object->chunk_size());
  purpose.question = {.kind = Question::Kind::kChunks,
                      .first = begin_at,
                      .last = end_at - 1,
                      .size = *object->length(),
                      .etag = object->head().etag};
  purpose.key = object->key;
  purpose.text = object->key_text;
  purpose.target = want.ask.target;
  purpose.request = want.ask.request;
  purpose.policy = want.ask.policy;
  purpose.key_text = primary_text(object->key_text);
  if (purpose.key_text != object->key_text) {
    const base::Ref<Record> rule = context_.memory.peek(key_of(purpose.key_text, context_.seed));
    if (rule && rule->kind == Record::Kind::kVaryRule) {
      purpose.rule = base::Ref<VaryRule>(static_cast<VaryRule*>(rule.get()));
    }
  }
  purpose.known = object;
  purpose.purge_sequence = context_.purges.sequence();

  const auto reply = want.reply;
  const base::Result<Fill*> fill = begin(std::move(purpose));
  if (!fill) return reply->answer(std::unexpected(fill.error()));
  bringing_[object->version()].push_back(*fill);
  CHECK((*fill)->join(std::move(want)).has_value());
  (*fill)->start();
}

void FillTable::want_again(ChunkWant want) {
  if (++want.attempts < kAttemptsMax) return this->want(std::move(want));
  want.reply->answer(base::fail(base::ErrorCode::kUnreachable,
                                "the origin's answers end before the bytes that were asked",
                                base::Blame::kOrigin));
}

// --- What the fills report ---

void FillTable::stopped_asking(const Fill& fill) {
  const auto asking = asking_.find(fill.key());
  if (asking != asking_.end() && asking->second == &fill) asking_.erase(asking);
}

void FillTable::began_cutting(Fill& fill, const Version& version) {
  std::vector<Fill*>& fills = bringing_[version];
  if (std::ranges::find(fills, &fill) == fills.end()) fills.push_back(&fill);
}

void FillTable::stopped_bringing(Fill& fill) {
  for (const Version& version : fill.versions()) {
    const auto entry = bringing_.find(version);
    if (entry == bringing_.end()) continue;
    std::erase(entry->second, &fill);
    if (entry->second.empty()) bringing_.erase(entry);
  }
}

void FillTable::ended(Fill& fill) {
  stopped_asking(fill);
  stopped_bringing(fill);
  // It may be in the middle of a call of its own.
  context_.thread.executor.post([this, id = fill.id()] { fills_.erase(id); });
}

bool FillTable::is_asking(std::string_view key_text) const {
  return std::ranges::any_of(
      asking_, [&](const auto& entry) { return entry.second->key_text() == key_text; });
}

Fill* FillTable::find(std::uint64_t id) {
  const auto fill = fills_.find(id);
  return fill == fills_.end() ? nullptr : fill->second.get();
}

void FillTable::run_later(std::chrono::milliseconds delay, std::uint64_t fill_id) {
  if (!context_.thread.after) return;
  context_.thread.after(delay, [this, fill_id] {
    if (Fill* fill = find(fill_id)) fill->pull();
  });
}

void FillTable::close() {
  closed_ = true;
  std::vector<Fill*> fills;
  for (const auto& [id, fill] : fills_) fills.push_back(fill.get());
  for (Fill* fill : fills) fill->cancel();
}

}  // namespace cache
