#include "cache/reclaim.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "cache/index_key.h"
#include "cache/index_record.h"

namespace cache {
namespace {

// A step: so many entries, or so many bytes written again.
constexpr std::size_t kStepEntries = 64;
constexpr std::uint64_t kStepBytes = 2u << 20;
// How many of an object's chunks are looked at before its record is given up.
constexpr int kChunksLookedAt = 256;

}  // namespace

Reclaim::Reclaim(DiskParts& parts, IndexWriter& index, RegionFront& front, Events events)
    : parts_(parts), index_(index), front_(front), events_(std::move(events)) {}

bool Reclaim::start() {
  if (victim_) return true;
  while (const auto surplus = parts_.regions.take_surplus_file()) parts_.files.remove(*surplus);
  if (!parts_.usable() || !parts_.regions.wants_reclaim()) return false;
  victim_ = parts_.regions.begin_reclaim();
  if (!victim_) return false;
  after_.clear();
  kept_ = 0;
  emptied_ = false;
  parts_.tasks.post(parts_.context.writer, [this] { step(); });
  return true;
}

void Reclaim::step() {
  if (!parts_.usable()) {
    stop();
    return;
  }
  std::vector<std::pair<std::string, std::string>> entries;
  const auto scanned = parts_.index.scan(content_prefix(victim_->number, victim_->entry.epoch),
                                         after_, [&](std::string_view key, std::string_view value) {
                                           entries.emplace_back(key, value);
                                           return entries.size() < kStepEntries;
                                         });
  if (!scanned) {
    parts_.note_error(scanned.error());
    stop();
    return;
  }
  if (entries.empty()) {
    emptied_ = true;
    finish();
    return;
  }
  std::vector<Relocation> relocations;
  step_bytes_ = 0;
  for (const auto& [key, value] : entries) {
    if (step_bytes_ >= kStepBytes) break;
    const auto place = parse_content_key(key);
    after_ = key;
    if (place) relocations.push_back(decide(*place, key, value));
  }
  apply(std::move(relocations));
}

void Reclaim::apply(std::vector<Relocation> relocations) {
  parts_.tasks.post(parts_.context.index, [this, relocations = std::move(relocations)] {
    const auto kept = index_.relocate(relocations);
    parts_.tasks.post(parts_.context.writer, [this, worked = kept.has_value()] {
      if (worked) {
        step();
      } else {
        stop();
      }
    });
  });
}

Relocation Reclaim::decide(const DiskPlace& place, std::string_view content_key,
                           std::string_view content_value) {
  Relocation relocation{.from = place};
  const auto content = decode_content_entry(content_key, content_value);
  if (!content) return relocation;  // Whatever it named is found worthless when it is read.
  const auto stored = parts_.index.get(content->index_key);
  if (!stored) return relocation;
  relocation.value = *stored;
  if (parse_chunk_key(content->index_key)) {
    const auto entry = decode_chunk_entry(content->index_key, *stored);
    if (entry && entry->place != place) return relocation;  // It lies elsewhere by now.
    relocation.index_key = content->index_key;
    if (entry) decide_chunk(*entry, relocation);
  } else if (parse_record_key(content->index_key)) {
    const auto entry = decode_record_entry(content->index_key, *stored);
    if (entry && entry->home != place) return relocation;
    relocation.index_key = content->index_key;
    if (entry) decide_record(relocation);
  }
  return relocation;
}

void Reclaim::decide_chunk(const ChunkEntry& entry, Relocation& relocation) {
  if (!parts_.regions.hot(relocation.from)) return;
  const auto key = parse_chunk_key(relocation.index_key);
  if (!object_alive(entry.object, key->version)) return;
  if (entry.is_inline()) {
    give_new_home(relocation);
  } else if (rewrite(*key, entry, relocation.moved)) {
    relocation.what = Relocation::What::kMove;
  }
}

// Whether the object's record is there, for this version, and not purged.
bool Reclaim::object_alive(const Key& key, const Version& version) {
  const std::string index_key = record_key(key);
  const auto stored = parts_.index.get(index_key);
  if (!stored) return false;
  const auto entry = decode_record_entry(index_key, *stored);
  if (!entry) return false;
  const auto record = decode(key, entry->record);
  if (!record || (*record)->kind != Record::Kind::kObject) return false;
  const auto& object = static_cast<const Object&>(**record);
  return object.version() == version && parts_.purges.check(object) != PurgeVerdict::kHard;
}

void Reclaim::decide_record(Relocation& relocation) {
  const auto key = parse_record_key(relocation.index_key);
  const auto entry = decode_record_entry(relocation.index_key, relocation.value);
  const auto record = decode(*key, entry->record);
  if (!record) return;
  const bool is_object = (*record)->kind == Record::Kind::kObject;
  if (is_object) {
    const auto& object = static_cast<const Object&>(**record);
    if (parts_.purges.check(object) == PurgeVerdict::kHard) return;
    if (!parts_.regions.hot(relocation.from) && !lies_elsewhere(object.version())) return;
  } else if (!parts_.regions.hot(relocation.from)) {
    return;
  }
  give_new_home(relocation);
}

void Reclaim::give_new_home(Relocation& relocation) {
  if (!may_keep(relocation.index_key.size() + relocation.value.size())) return;
  relocation.what = Relocation::What::kNewHome;
}

// Every turn must free something, or a cache that is hot throughout would turn for ever.
bool Reclaim::may_keep(std::uint64_t bytes) {
  if (kept_ + bytes > parts_.regions.capacity_of(victim_->entry.kind) / 4 * 3) return false;
  kept_ += bytes;
  return true;
}

// Whether a chunk of the version lies where it stays for now. Its record's own bit may be unset all
// the same: while a record is in memory nobody reads it from disk.
bool Reclaim::lies_elsewhere(const Version& version) {
  bool found = false;
  int looked = 0;
  const auto scanned = parts_.index.scan(
      chunk_prefix(version), {}, [&](std::string_view key, std::string_view value) {
        const auto entry = decode_chunk_entry(key, value);
        if (entry) {
          const bool here = entry->place.region == victim_->number;
          found =
              here ? parts_.regions.hot(entry->place) : !parts_.regions.reclaiming(entry->place);
        }
        return !found && ++looked < kChunksLookedAt;
      });
  return scanned && found;
}

bool Reclaim::rewrite(const ChunkKey& key, const ChunkEntry& entry, ChunkEntry& moved) {
  const std::uint64_t bytes = aligned(entry.length);
  if (!may_keep(bytes)) return false;
  if (scratch_bytes_ < bytes) {
    scratch_ = {static_cast<char*>(std::aligned_alloc(kDirectAlignment, bytes)), &std::free};
    CHECK(scratch_ != nullptr);
    scratch_bytes_ = bytes;
  }
  const std::span<char> body(scratch_.get(), bytes);
  {
    const auto pin = parts_.regions.pin_reclaiming(victim_->number);
    if (!pin) return false;
    if (const auto read = pin->file().read(entry.place.offset, body); !read) {
      parts_.note_error(read.error());
      return false;
    }
  }
  for (std::uint32_t block = 0; block < blocks_in(entry.length); ++block) {
    const std::string_view rest(
        body.data() + std::size_t{block} * kBlockBytes,
        std::min<std::size_t>(kBlockBytes, entry.length - block * kBlockBytes));
    if (block_checksum(key, block, rest) != entry.checksums[block]) {
      parts_.metrics.corrupt.add();
      return false;
    }
  }
  bool opened = false;
  const auto place = front_.take(entry.length, Regions::Use::kRewrite, opened);
  if (!place) return false;
  const auto pin = parts_.regions.pin(*place);
  CHECK(pin.has_value());
  if (const auto written = pin->file().write(place->offset, body); !written) {
    parts_.note_error(written.error());
    parts_.regions.settle(*place);
    return false;
  }
  moved = entry;
  moved.place = *place;
  step_bytes_ += bytes;
  parts_.metrics.chunks_rewritten.add();
  parts_.metrics.bytes_rewritten.add(bytes);
  return true;
}

void Reclaim::look_again() {
  if (victim_ && emptied_) finish();
}

void Reclaim::finish() {
  if (!parts_.regions.end_reclaim(victim_->number)) return;  // look_again() follows.
  victim_.reset();
  parts_.metrics.regions_reclaimed.add();
  start();
  events_.on_room();
}

void Reclaim::stop() {
  parts_.regions.abandon_reclaim(victim_->number);
  victim_.reset();
  events_.on_failure();
}

}  // namespace cache
