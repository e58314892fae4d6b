// TusStore: resumable uploads as tus 1.0 wants them, kept as chunks. docs/platform.md, "Upload".
//
// What has been acknowledged is in synced files: whole chunks of kChunk, and a tail that is none yet.
// The length may be said later (creation-defer-length); until then the end is the largest that an
// upload may have.
//
// A tail is a file named by its upload; who goes on works on a copy of it, so that what was
// acknowledged stays as it is until more is.
//
// An upload is open while bytes of it are awaited: not yet expired, and not complete. An owner has so
// many at a time, since quotas count no tails. A part that is complete awaits nothing, and so does what
// parts are joined into.
//
// Threads    All calls from any thread that may block. An upload is written by one Patch at a time.
// Errors     kNotFound: no such upload, or not the owner's; kBusy: another one is writing; kInvalid;
//            kTooLarge; kNoSpace; kOverloaded by the client: his open uploads; those of Database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/uploads/ledger.h"

namespace origin {

struct TusUpload {
  std::string id;
  std::int64_t owner = 0;
  bool is_partial = false;              // To be concatenated; becomes no video by itself.
  std::optional<std::uint64_t> length;  // None: the client has yet to say it.
  std::uint64_t position = 0;
  std::string metadata;  // As the client sent it.
  std::int64_t expires_us = 0;
  std::string video;  // What it became.
};

class TusStore {
 public:
  static constexpr std::uint64_t kChunk = 8u << 20;

  struct Limits {
    base::Bytes size_max;  // Of an upload.
    std::chrono::milliseconds time_to_live;
    std::uint32_t open_max;  // Of an owner.
  };
  // `tails`: a directory that is there.
  TusStore(Database& database, Ledger& ledger, const base::Clock& clock,
           std::filesystem::path tails, Limits limits)
      : database_(database),
        ledger_(ledger),
        clock_(clock),
        tails_(std::move(tails)),
        limits_(limits) {}
  TusStore(const TusStore&) = delete;
  TusStore& operator=(const TusStore&) = delete;

  struct NewUpload {
    std::int64_t owner = 0;
    bool is_partial = false;
    std::optional<std::uint64_t> length;
    std::string metadata;
  };
  base::Result<TusUpload> create(const NewUpload& upload);
  base::Result<TusUpload> get(std::string_view id, std::int64_t owner);
  base::Result<void> remove(std::string_view id, std::int64_t owner);
  // Of one owner's complete partial uploads, in this order: complete at once. kTooLarge: more than an
  // upload may have.
  base::Result<TusUpload> concatenate(std::int64_t owner, const std::vector<std::string>& ids,
                                      std::string metadata);
  // What a complete upload becomes, once: `make` runs in the transaction that notes its answer, so
  // that a crash leaves both or neither.
  using Make = std::function<std::string(soci::session& sql)>;
  base::Result<std::string> become_video(const TusUpload& upload, const Make& make);
  base::Result<std::vector<ChunkRef>> chunks(const TusUpload& upload);
  // Removes what has expired. How many.
  base::Result<int> expire();
  // Removes old tails that no upload has. How many.
  base::Result<int> collect_litter();

  // The right to change one upload.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)), id_(std::move(other.id_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class TusStore;
    Turn(TusStore& store, std::string id) : store_(&store), id_(std::move(id)) {}
    TusStore* store_;
    std::string id_;
  };

  // Bytes on their way into one upload, from its position on. Destroyed: what came is kept as far as
  // the disk lets it.
  class Patch {
   public:
    Patch(Patch&&) = delete;
    Patch& operator=(Patch&&) = delete;
    ~Patch();

    // kTooLarge: beyond the upload's length, or what an upload may have. kNoSpace: the owner's quota,
    // which is asked for each chunk: a length reserves nothing.
    base::Result<void> append(std::string_view bytes);
    // Makes durable what has come. The position now.
    base::Result<std::uint64_t> finish();

   private:
    friend class TusStore;
    Patch(TusStore& store, Turn turn, TusUpload upload)
        : store_(store), turn_(std::move(turn)), upload_(std::move(upload)) {}
    // How far it may grow.
    [[nodiscard]] std::uint64_t end() const {
      return upload_.length.value_or(store_.limits_.size_max.count());
    }
    base::Result<void> open_tail(std::uint64_t length);
    base::Result<void> end_chunk();
    base::Result<void> keep_tail();

    TusStore& store_;
    const Turn turn_;
    TusUpload upload_;
    std::optional<ChunkStore::Writer> tail_;
    std::int64_t chunks_ = 0;
    bool finished_ = false;
  };
  // kBusy: another one is under way. `length`: what the client says now; kInvalid when it had said
  // another, or has sent more already.
  base::Result<std::unique_ptr<Patch>> patch(const TusUpload& upload,
                                             std::optional<std::uint64_t> length = std::nullopt);

 private:
  base::Result<Turn> take_turn(const std::string& id);  // kBusy.
  base::Result<void> check_length(std::uint64_t length) const;
  // Inside a transaction: whether the owner may open one more.
  base::Result<void> check_open(soci::session& sql, std::int64_t owner) const;
  // `in_chunks`: so many bytes of it count as the owner's already.
  base::Result<void> set_length(TusUpload& upload, std::uint64_t length, std::uint64_t in_chunks);
  [[nodiscard]] std::filesystem::path tail_of(std::string_view id) const { return tails_ / id; }

  Database& database_;
  Ledger& ledger_;
  const base::Clock& clock_;
  const std::filesystem::path tails_;
  const Limits limits_;

  base::Mutex mutex_;
  std::set<std::string, std::less<>> being_written_ GUARDED_BY(mutex_);
};

}  // namespace origin
