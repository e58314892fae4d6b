#include "cache/index_writer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "cache/index_key.h"

namespace cache {
namespace {

// RocksDB's own bytes for an entry, about: sequence, type, lengths, restart points, filter bits.
constexpr std::uint64_t kEntryOverhead = 24;

constexpr std::size_t kRecentMax = 8'192;  // Of about 80 bytes.

base::Ref<Object> object_in(const Key& key, const std::string& value) {
  const auto entry = decode_record_entry(record_key(key), value);
  if (!entry) return nullptr;
  const auto record = decode(key, entry->record);
  if (!record || (*record)->kind != Record::Kind::kObject) return nullptr;
  return base::Ref<Object>(static_cast<Object*>(record->get()));
}

}  // namespace

struct IndexWriter::Batch {
  IndexBatch changes;
  std::vector<DiskPlace> homes;        // To be settled.
  std::vector<const Record*> records;  // Put by this batch.

  [[nodiscard]] bool has(const Key& key) const {
    return std::ranges::any_of(records, [&](const Record* record) { return record->key == key; });
  }
};

base::Result<void> IndexWriter::open_region(std::uint32_t number, const RegionEntry& entry) {
  unsaved_rows_.emplace_back(number, entry);
  Batch batch;
  // Its chunks are nothing without it, so it is not for dropping.
  return write(batch, Index::Write::kWaits);
}

base::Result<DiskPlace> IndexWriter::take_home(Regions::Use use, Batch& batch) {
  auto home = parts_.regions.take_slot();
  if (!home) {
    const auto opened = parts_.regions.open_home(use);
    if (!opened) return base::fail(base::ErrorCode::kNoSpace, "the index has no room");
    unsaved_rows_.emplace_back(opened->number, opened->entry);
    home = parts_.regions.take_slot();
    CHECK(home.has_value());
  }
  batch.homes.push_back(*home);
  return *home;
}

void IndexWriter::add_content(const DiskPlace& place, std::uint32_t length, const std::string& key,
                              std::size_t value_size, Batch& batch) {
  const std::string where = content_key(place);
  ContentEntry content{.index_key = key, .length = length};
  const std::uint64_t bytes =
      key.size() + value_size + where.size() + encode(where, content).size() + 2 * kEntryOverhead;
  content.charged = parts_.regions.charge(place, bytes);
  batch.changes.put(where, encode(where, content));
}

base::Result<void> IndexWriter::write(Batch& batch, Index::Write how) {
  for (const auto& [number, entry] : unsaved_rows_) {
    const std::string key = region_key(number);
    batch.changes.put(key, encode(key, entry));
  }
  base::Result<void> written;
  if (!batch.changes.empty()) written = parts_.index.write(batch.changes, how);
  for (const DiskPlace& home : batch.homes) parts_.regions.settle(home);
  parts_.regions.set_index_bytes(parts_.index.bytes_on_disk(), parts_.index.reserve());
  if (written) {
    for (const Record* record : batch.records) {
      if (record->kind == Record::Kind::kObject) note_stored(static_cast<const Object&>(*record));
    }
    unsaved_rows_.clear();
    parts_.regions.set_index_starved(false);
    parts_.health.worked();
  } else {
    parts_.note_error(written.error());
    if (written.error().code == base::ErrorCode::kNoSpace) parts_.regions.set_index_starved(true);
    // Damage in the index is not for one chunk to be a miss: nothing in it can be relied on.
    if (written.error().code == base::ErrorCode::kCorrupt) parts_.health.take_out(written.error());
  }
  return written;
}

bool IndexWriter::is_older(const Object& object, const Object& stored) const {
  const std::uint64_t asked = object.head().purge_sequence;
  const std::uint64_t stored_asked = stored.head().purge_sequence;
  if (asked != stored_asked) return asked < stored_asked;
  // It was stored under this key when it was read; something has replaced it since.
  if (object.head().number == 0) return true;
  for (const Recent* recent : {&recent_, &less_recent_}) {
    const auto entry = recent->find(stored.key);
    if (entry != recent->end() && entry->second.version == stored.version()) {
      return object.head().number < entry->second.number;
    }
  }
  return false;  // Stored by an earlier process, or long ago.
}

void IndexWriter::note_stored(const Object& object) {
  if (object.head().number == 0) return;
  if (recent_.size() >= kRecentMax) {
    less_recent_ = std::move(recent_);
    recent_ = {};
  }
  recent_[object.key] = {object.version(), object.head().number};
}

bool IndexWriter::all_other_chunks_there(const Object& object, std::optional<std::uint32_t> but) {
  // From the end: chunks come from the front, so that one look is enough while some are missing.
  for (std::uint32_t i = object.chunk_count(); i-- > 0;) {
    if (but && i == *but) continue;
    if (!parts_.index.get(chunk_key({object.version(), i}))) return false;
  }
  return true;
}

// Whether the chunk's object still lacks its record; an error: the chunk is of no use any more.
base::Result<bool> IndexWriter::record_wanted(const ChunkCommit& commit, const Batch& batch) {
  const Object& object = *commit.object;
  if (batch.has(object.key)) return false;
  const auto stored = parts_.index.get(record_key(object.key));
  if (stored) {
    const base::Ref<Object> there = object_in(object.key, *stored);
    if (there && there->version() == object.version()) return false;
    if (there && is_older(object, *there)) {
      return base::fail(base::ErrorCode::kAborted, "a newer version is stored");
    }
  } else if (stored.error().code != base::ErrorCode::kNotFound) {
    return std::unexpected(stored.error());
  }
  if (!object.length()) return false;  // The chunk that ends it brings the record.
  return !object.head().etag.empty() || all_other_chunks_there(object, commit.chunk->key().index);
}

base::Result<void> IndexWriter::add_record(const Record& record, std::optional<DiskPlace> home,
                                           Batch& batch) {
  const std::string key = record_key(record.key);
  RecordEntry entry{.record = encode(record)};
  const bool moves = !home;
  if (moves) {
    const auto taken = take_home(Regions::Use::kFill, batch);
    if (!taken) return std::unexpected(taken.error());
    home = *taken;
  }
  entry.home = *home;
  const std::string value = encode(key, entry);
  if (moves) add_content(*home, 0, key, value.size(), batch);
  batch.changes.put(key, value);
  batch.records.push_back(&record);
  return {};
}

base::Result<void> IndexWriter::add_chunk(const ChunkCommit& commit, Batch& batch) {
  if (parts_.purges.check(*commit.object) == PurgeVerdict::kHard) {
    return base::fail(base::ErrorCode::kAborted, "purged");
  }
  const auto wanted = record_wanted(commit, batch);
  if (!wanted) return std::unexpected(wanted.error());

  ChunkEntry entry = commit.entry;
  const std::string key = chunk_key(commit.chunk->key());
  if (entry.is_inline()) {
    const auto home = take_home(Regions::Use::kFill, batch);
    if (!home) return std::unexpected(home.error());
    entry.place = *home;
  }
  // The record first: without room for it the chunk is of no use.
  if (*wanted) {
    if (auto added = add_record(*commit.object, std::nullopt, batch); !added) return added;
  }
  const std::string value = encode(key, entry);
  add_content(entry.place, entry.is_inline() ? 0 : entry.length, key, value.size(), batch);
  batch.changes.put(key, value);
  return {};
}

std::vector<base::Result<void>> IndexWriter::commit(const std::vector<ChunkCommit>& commits) {
  std::vector<base::Result<void>> outcomes;
  outcomes.reserve(commits.size());
  Batch batch;
  for (const ChunkCommit& commit : commits) outcomes.push_back(add_chunk(commit, batch));
  const auto written = write(batch, Index::Write::kDroppable);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    const ChunkCommit& commit = commits[i];
    if (outcomes[i] && !written) outcomes[i] = written;
    if (outcomes[i] && !commit.entry.is_inline()) {
      commit.chunk->set_disk_place(commit.entry.place);
    }
    if (!commit.entry.is_inline()) parts_.regions.settle(commit.entry.place);
  }
  if (written) {
    for (const ChunkCommit& commit : commits) {
      if (batch.has(commit.object->key)) commit.object->on_disk = true;
    }
  }
  return outcomes;
}

base::Result<void> IndexWriter::put_record(const Record& record) {
  if (record.kind == Record::Kind::kObject) {
    const auto& object = static_cast<const Object&>(record);
    if (!object.length()) return {};
    if (object.head().etag.empty() && !all_other_chunks_there(object, std::nullopt)) return {};
  }
  // A home that it has is good enough: a busy object may be revalidated every second.
  std::optional<DiskPlace> home;
  if (const auto stored = parts_.index.get(record_key(record.key))) {
    if (record.kind == Record::Kind::kObject) {
      // The renewal of an object that another has replaced meanwhile.
      const auto& object = static_cast<const Object&>(record);
      const base::Ref<Object> there = object_in(record.key, *stored);
      if (there && there->version() != object.version() && is_older(object, *there)) return {};
    }
    const auto entry = decode_record_entry(record_key(record.key), *stored);
    if (entry && !parts_.regions.reclaiming(entry->home)) home = entry->home;
  }
  Batch batch;
  auto added = add_record(record, home, batch);
  const auto written = write(batch, Index::Write::kDroppable);
  if (!added) return added;
  if (written && record.kind == Record::Kind::kObject) {
    static_cast<const Object&>(record).on_disk = true;
  }
  return written;
}

void IndexWriter::erase_record(const Key& key, const Version& version) {
  const auto stored = parts_.index.get(record_key(key));
  if (!stored) return;
  const base::Ref<Object> object = object_in(key, *stored);
  if (object && object->version() != version) return;
  Batch batch;
  batch.changes.erase(record_key(key));
  if (const auto entry = decode_record_entry(record_key(key), *stored)) {
    batch.changes.erase(content_key(entry->home));
  }
  std::ignore = write(batch, Index::Write::kWaits);  // Goes with its region at the latest.
}

void IndexWriter::erase_entry(const std::string& key, const std::string& value) {
  const auto stored = parts_.index.get(key);
  if (!stored || *stored != value) return;
  Batch batch;
  batch.changes.erase(key);
  std::ignore = write(batch, Index::Write::kWaits);  // Goes with its region at the latest.
}

base::Result<void> IndexWriter::add_relocation(const Relocation& relocation, Batch& batch) {
  const std::string& key = relocation.index_key;
  const auto stored =
      key.empty() ? base::Result<std::string>(std::string()) : parts_.index.get(key);
  if (!stored && stored.error().code != base::ErrorCode::kNotFound) {
    return std::unexpected(stored.error());
  }
  batch.changes.erase(content_key(relocation.from));
  if (key.empty() || !stored || *stored != relocation.value) return {};  // Changed since: not ours.

  switch (relocation.what) {
    case Relocation::What::kErase:
      batch.changes.erase(key);
      return {};
    case Relocation::What::kMove: {
      const std::string value = encode(key, relocation.moved);
      add_content(relocation.moved.place, relocation.moved.length, key, value.size(), batch);
      batch.changes.put(key, value);
      return {};
    }
    case Relocation::What::kNewHome:
      break;
  }
  const auto home = take_home(Regions::Use::kRewrite, batch);
  if (!home) {  // No room to keep it.
    batch.changes.erase(key);
    return {};
  }
  std::string value;
  if (auto record = decode_record_entry(key, *stored); record && parse_record_key(key)) {
    record->home = *home;
    value = encode(key, *record);
  } else if (auto chunk = decode_chunk_entry(key, *stored); chunk && parse_chunk_key(key)) {
    chunk->place = *home;
    value = encode(key, *chunk);
  } else {
    batch.changes.erase(key);
    return {};
  }
  add_content(*home, 0, key, value.size(), batch);
  batch.changes.put(key, value);
  return {};
}

base::Result<std::size_t> IndexWriter::relocate(const std::vector<Relocation>& relocations) {
  Batch batch;
  base::Result<void> outcome;
  std::size_t kept = 0;
  for (const Relocation& relocation : relocations) {
    if (relocation.what != Relocation::What::kErase) ++kept;
    if (outcome) outcome = add_relocation(relocation, batch);
  }
  const auto written = write(batch, Index::Write::kWaits);
  for (const Relocation& relocation : relocations) {
    if (relocation.what == Relocation::What::kMove) {
      parts_.regions.settle(relocation.moved.place);
    }
  }
  if (!outcome) return std::unexpected(outcome.error());
  if (!written) return std::unexpected(written.error());
  return kept;
}

}  // namespace cache
