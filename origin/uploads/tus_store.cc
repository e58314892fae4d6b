#include "origin/uploads/tus_store.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/date.h"
#include "base/log.h"
#include "base/random.h"
#include "origin/litter.h"
#include "origin/uploads/tus_headers.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr std::size_t kIdLength = 22;
constexpr std::size_t kMetadataMax = 4'096;

base::WallTime time_of(std::int64_t us) {
  return base::WallTime(std::chrono::milliseconds(us / 1'000));
}

std::unexpected<base::Error> no_such_upload() {
  return base::fail(ErrorCode::kNotFound, "no such upload", base::Blame::kClient);
}

base::Result<TusUpload> read_upload(soci::session& sql, const std::string& id, std::int64_t owner) {
  TusUpload upload;
  std::string kind;
  std::int64_t length = 0;
  std::int64_t position = 0;
  sql << "SELECT id, owner, kind, length, position, metadata, expires, video FROM uploads "
         "WHERE id = :id",
      soci::use(id), soci::into(upload.id), soci::into(upload.owner), soci::into(kind),
      soci::into(length), soci::into(position), soci::into(upload.metadata),
      soci::into(upload.expires_us), soci::into(upload.video);
  if (!sql.got_data() || upload.owner != owner) return no_such_upload();
  upload.is_partial = kind == "partial";
  if (length > 0) upload.length = static_cast<std::uint64_t>(length);
  upload.position = static_cast<std::uint64_t>(position);
  return upload;
}

std::vector<ChunkRef> read_chunks(soci::session& sql, const std::string& id) {
  std::vector<ChunkRef> chunks;
  std::string hash;
  std::int64_t size = 0;
  soci::statement select =
      (sql.prepare << "SELECT hash, size FROM upload_chunks WHERE upload = :id ORDER BY number",
       soci::use(id), soci::into(hash), soci::into(size));
  select.execute();
  while (select.fetch()) chunks.push_back({hash, static_cast<std::uint64_t>(size)});
  return chunks;
}

void insert(soci::session& sql, const TusUpload& upload) {
  const std::string kind = upload.is_partial ? "partial" : "tus";
  const auto length = static_cast<std::int64_t>(upload.length.value_or(0));
  const auto position = static_cast<std::int64_t>(upload.position);
  sql << "INSERT INTO uploads (id, owner, kind, length, position, metadata, expires, video) "
         "VALUES (:id, :owner, :kind, :length, :position, :metadata, :expires, '')",
      soci::use(upload.id), soci::use(upload.owner), soci::use(kind), soci::use(length),
      soci::use(position), soci::use(upload.metadata), soci::use(upload.expires_us);
}

void add_chunk(soci::session& sql, const std::string& upload, std::int64_t number,
               const ChunkRef& chunk) {
  const auto size = static_cast<std::int64_t>(chunk.size);
  sql << "INSERT INTO upload_chunks (upload, number, hash, size) "
         "VALUES (:upload, :number, :hash, :size)",
      soci::use(upload), soci::use(number), soci::use(chunk.hash), soci::use(size);
}

void set_position(soci::session& sql, const TusUpload& upload) {
  const auto position = static_cast<std::int64_t>(upload.position);
  const auto length = static_cast<std::int64_t>(upload.length.value_or(0));
  sql << "UPDATE uploads SET position = :position, length = :length WHERE id = :id",
      soci::use(position), soci::use(length), soci::use(upload.id);
}

}  // namespace

base::Result<TusUpload> TusStore::create(const NewUpload& asked) {
  if (asked.metadata.size() > kMetadataMax) {
    return base::fail(ErrorCode::kInvalid, "Upload-Metadata may have 4,096 bytes",
                      base::Blame::kClient);
  }
  if (asked.length) {
    if (auto fits = check_length(*asked.length); !fits) return std::unexpected(fits.error());
    if (auto fits = ledger_.check_quota(asked.owner, *asked.length); !fits) {
      return std::unexpected(fits.error());
    }
  }
  TusUpload upload{.id = base::random_name(kIdLength),
                   .owner = asked.owner,
                   .is_partial = asked.is_partial,
                   .length = asked.length,
                   .metadata = asked.metadata,
                   .expires_us = base::wall_us(clock_) + limits_.time_to_live.count() * 1'000};
  const auto made = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto fits = check_open(sql, asked.owner); !fits) return fits;
    insert(sql, upload);
    return {};
  });
  if (!made) return std::unexpected(made.error());
  return upload;
}

base::Result<void> TusStore::check_length(std::uint64_t length) const {
  if (length <= limits_.size_max.count()) return {};
  return base::fail(ErrorCode::kTooLarge, "a file may have " + base::to_string(limits_.size_max),
                    base::Blame::kClient);
}

base::Result<void> TusStore::check_open(soci::session& sql, std::int64_t owner) const {
  const std::int64_t now = base::wall_us(clock_);
  std::int64_t open = 0;
  std::int64_t first_expires = 0;
  sql << "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(MIN(expires), 0) AS BIGINT) FROM uploads "
         "WHERE owner = :owner AND expires >= :now AND (position < length OR length = 0)",
      soci::use(owner), soci::use(now), soci::into(open), soci::into(first_expires);
  if (open < static_cast<std::int64_t>(limits_.open_max)) return {};
  return base::fail(ErrorCode::kOverloaded,
                    std::to_string(open) + " of your uploads are unfinished, and " +
                        std::to_string(limits_.open_max) +
                        " may be at a time; finish one, DELETE one, or wait until " +
                        base::format_date(time_of(first_expires)) + ", when one expires",
                    base::Blame::kClient);
}

base::Result<void> TusStore::set_length(TusUpload& upload, std::uint64_t length,
                                        std::uint64_t in_chunks) {
  if (upload.length == length) return {};
  if (upload.length || length < upload.position) {
    return base::fail(ErrorCode::kInvalid,
                      upload.length
                          ? "this upload's length is " + std::to_string(*upload.length)
                          : "this upload has " + std::to_string(upload.position) + " bytes already",
                      base::Blame::kClient);
  }
  if (auto fits = check_length(length); !fits) return fits;
  if (auto fits = ledger_.check_quota(upload.owner, length - in_chunks); !fits) return fits;
  upload.length = length;
  // All of it is here, but its end is a tail: noted with its last chunk, since it is complete then.
  if (length == upload.position && length > in_chunks) return {};
  return database_.write([&](soci::session& sql) -> base::Result<void> {
    set_position(sql, upload);
    return {};
  });
}

base::Result<TusUpload> TusStore::get(std::string_view id, std::int64_t owner) {
  const std::string name(id);
  return database_.read([&](soci::session& sql) { return read_upload(sql, name, owner); });
}

base::Result<TusStore::Turn> TusStore::take_turn(const std::string& id) {
  const base::MutexLock lock(mutex_);
  if (!being_written_.insert(id).second) {
    return base::fail(ErrorCode::kBusy, "another request is writing to this upload",
                      base::Blame::kClient);
  }
  return Turn(*this, id);
}

TusStore::Turn::~Turn() {
  if (store_ == nullptr) return;
  const base::MutexLock lock(store_->mutex_);
  store_->being_written_.erase(id_);
}

base::Result<void> TusStore::remove(std::string_view id, std::int64_t owner) {
  const std::string name(id);
  const auto turn = take_turn(name);
  if (!turn) return std::unexpected(turn.error());
  const auto removed = database_.write([&](soci::session& sql) -> base::Result<void> {
    const auto upload = read_upload(sql, name, owner);
    if (!upload) return std::unexpected(upload.error());
    sql << "DELETE FROM upload_chunks WHERE upload = :id", soci::use(name);
    sql << "DELETE FROM uploads WHERE id = :id", soci::use(name);
    return {};
  });
  std::error_code ignored;
  if (removed) fs::remove(tail_of(name), ignored);
  return removed;
}

base::Result<TusUpload> TusStore::concatenate(std::int64_t owner,
                                              const std::vector<std::string>& ids,
                                              std::string metadata) {
  if (ids.empty() || ids.size() > kTusConcatMax) {
    return base::fail(ErrorCode::kInvalid, "Upload-Concat names 1 to 1,000 uploads",
                      base::Blame::kClient);
  }
  TusUpload whole{.id = base::random_name(kIdLength),
                  .owner = owner,
                  .metadata = std::move(metadata),
                  .expires_us = base::wall_us(clock_) + limits_.time_to_live.count() * 1'000};
  return database_.write([&](soci::session& sql) -> base::Result<TusUpload> {
    whole.position = 0;
    std::vector<ChunkRef> chunks;
    for (const std::string& id : ids) {
      const auto part = read_upload(sql, id, owner);
      if (!part) return std::unexpected(part.error());
      if (!part->is_partial || part->position != part->length) {
        return base::fail(ErrorCode::kInvalid, "upload " + id + " is not partial, or not complete",
                          base::Blame::kClient);
      }
      whole.position += part->position;
      if (auto fits = check_length(whole.position); !fits) return std::unexpected(fits.error());
      for (ChunkRef& chunk : read_chunks(sql, id)) chunks.push_back(std::move(chunk));
    }
    whole.length = whole.position;
    insert(sql, whole);
    std::int64_t number = 0;
    for (const ChunkRef& chunk : chunks) add_chunk(sql, whole.id, number++, chunk);
    return whole;
  });
}

base::Result<std::string> TusStore::become_video(const TusUpload& upload, const Make& make) {
  return database_.write([&](soci::session& sql) -> base::Result<std::string> {
    const auto now = read_upload(sql, upload.id, upload.owner);
    if (!now) return std::unexpected(now.error());
    if (!now->video.empty()) return now->video;  // Another request was quicker.
    std::string video = make(sql);
    sql << "UPDATE uploads SET video = :video WHERE id = :id", soci::use(video),
        soci::use(upload.id);
    return video;
  });
}

base::Result<std::vector<ChunkRef>> TusStore::chunks(const TusUpload& upload) {
  return database_.read([&](soci::session& sql) -> base::Result<std::vector<ChunkRef>> {
    return read_chunks(sql, upload.id);
  });
}

base::Result<int> TusStore::expire() {
  const std::int64_t now = base::wall_us(clock_);
  const auto expired =
      database_.read([&](soci::session& sql) -> base::Result<std::vector<TusUpload>> {
        std::vector<TusUpload> uploads;
        TusUpload row;
        soci::statement select =
            (sql.prepare << "SELECT id, owner FROM uploads WHERE expires < :now LIMIT 1000",
             soci::use(now), soci::into(row.id), soci::into(row.owner));
        select.execute();
        while (select.fetch()) uploads.push_back(row);
        return uploads;
      });
  if (!expired) return std::unexpected(expired.error());
  int count = 0;
  for (const TusUpload& upload : *expired) {
    if (remove(upload.id, upload.owner)) ++count;
  }
  return count;
}

base::Result<int> TusStore::collect_litter() {
  const std::vector<std::string> old =
      names_older_than(tails_, base::wall_us(clock_) - kLitterAge.count());
  const auto nobodys = ids_without_row(database_, "uploads", old);
  if (!nobodys) return std::unexpected(nobodys.error());
  // An upload's row comes before its tail and ids are never used again: no row will come.
  for (const std::string& name : *nobodys) {
    std::error_code ignored;
    fs::remove(tail_of(name), ignored);
  }
  return static_cast<int>(nobodys->size());
}

// --- Writing ---

base::Result<std::unique_ptr<TusStore::Patch>> TusStore::patch(
    const TusUpload& upload, std::optional<std::uint64_t> length) {
  auto turn = take_turn(upload.id);
  if (!turn) return std::unexpected(turn.error());
  // The position may have moved between the asker's look and his turn.
  auto now = get(upload.id, upload.owner);
  if (!now) return std::unexpected(now.error());
  if (now->position != upload.position) {
    return base::fail(ErrorCode::kBusy, "its offset is " + std::to_string(now->position),
                      base::Blame::kClient);
  }
  const auto chunks = this->chunks(upload);
  if (!chunks) return std::unexpected(chunks.error());
  std::uint64_t in_chunks = 0;
  for (const ChunkRef& chunk : *chunks) in_chunks += chunk.size;
  if (upload.position < in_chunks) {
    return base::fail(ErrorCode::kCorrupt, "upload " + upload.id + " has too many chunks");
  }
  if (length) {
    if (auto set = set_length(*now, *length, in_chunks); !set) return std::unexpected(set.error());
  }
  std::unique_ptr<Patch> patch(new Patch(*this, std::move(*turn), std::move(*now)));
  patch->chunks_ = static_cast<std::int64_t>(chunks->size());
  if (auto opened = patch->open_tail(upload.position - in_chunks); !opened) {
    return std::unexpected(opened.error());
  }
  return patch;
}

TusStore::Patch::~Patch() {
  // The client left in the middle: what came is his, if it can be kept. Not a last chunk that was
  // refused: with the position at its length the upload would be complete without it.
  if (!finished_ && tail_ && upload_.position != upload_.length) {
    if (auto kept = keep_tail(); !kept) {
      base::log_warning("upload.tail_lost",
                        {{"upload", upload_.id}, {"reason", kept.error().context}});
    }
  }
}

// With the first `length` bytes of what was kept; what a crash left behind them is cut.
base::Result<void> TusStore::Patch::open_tail(std::uint64_t length) {
  auto& chunks = store_.ledger_.chunks();
  auto tail = length > 0 ? chunks.resume(store_.tail_of(upload_.id), length)
                         : chunks.begin(std::min(kChunk, end() - upload_.position));
  if (!tail) return std::unexpected(tail.error());
  tail_.emplace(std::move(*tail));
  return {};
}

base::Result<void> TusStore::Patch::append(std::string_view bytes) {
  if (bytes.size() > end() - upload_.position) {
    if (!upload_.length) return store_.check_length(upload_.position + bytes.size());
    return base::fail(ErrorCode::kTooLarge, "more than Upload-Length", base::Blame::kClient);
  }
  while (!bytes.empty()) {
    if (!tail_) {
      if (auto opened = open_tail(0); !opened) return opened;
    }
    const std::string_view part = bytes.substr(0, kChunk - tail_->size());
    if (auto written = tail_->append(part); !written) return written;
    upload_.position += part.size();
    bytes.remove_prefix(part.size());
    if (tail_->size() == kChunk || upload_.position == upload_.length) {
      if (auto ended = end_chunk(); !ended) return ended;
    }
  }
  return {};
}

base::Result<void> TusStore::Patch::end_chunk() {
  // Also when the length was held against the quota: others of the owner's have grown since. Refused,
  // it stays a tail of full size, which ends when there is room; if it is the last, it is sent again.
  const auto fits = store_.ledger_.check_quota(upload_.owner, tail_->size());
  if (!fits) return fits;
  ChunkStore::Writer whole = std::move(*tail_);
  tail_.reset();
  const auto chunk = store_.ledger_.keep(upload_.owner, std::move(whole), {});
  if (!chunk) return std::unexpected(chunk.error());
  const auto noted = store_.database_.write([&](soci::session& sql) -> base::Result<void> {
    add_chunk(sql, upload_.id, chunks_, *chunk);
    set_position(sql, upload_);
    return {};
  });
  if (!noted) return noted;
  ++chunks_;
  // Not before: until the chunk is noted, the tail is what was acknowledged.
  std::error_code ignored;
  fs::remove(store_.tail_of(upload_.id), ignored);
  return {};
}

base::Result<void> TusStore::Patch::keep_tail() {
  if (tail_->size() == 0) {
    tail_.reset();
    return {};
  }
  ChunkStore::Writer tail = std::move(*tail_);
  tail_.reset();
  if (auto kept = tail.keep_as(store_.tail_of(upload_.id)); !kept) return kept;
  return store_.database_.write([&](soci::session& sql) -> base::Result<void> {
    set_position(sql, upload_);
    return {};
  });
}

base::Result<std::uint64_t> TusStore::Patch::finish() {
  finished_ = true;
  // The length may have been said when all was here.
  if (tail_ && tail_->size() > 0 && upload_.position == upload_.length) {
    if (auto ended = end_chunk(); !ended) return std::unexpected(ended.error());
  } else if (tail_) {
    if (auto kept = keep_tail(); !kept) return std::unexpected(kept.error());
  }
  return upload_.position;
}

}  // namespace origin
