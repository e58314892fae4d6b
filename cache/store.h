// Store: the cache as the edge sees it: look up, open, read chunks, purge. Behind it lie the memory
// tier, the disk tier and the fills.
//
// A request's way   find_in_memory() ─► found: decide by freshness.h what may be done with it
//                   not there ─► find(): the disk tier, too
//                   absent or stale ─► open(): one origin request however many ask; the reply is an
//                   object to read, or a private response, or "fetch for yourself"
//                   its bytes ─► chunk_in_memory(), else chunk(): disk, then a range fill
//
// Collapsing  A fill belongs to the store, not to who asked first, and survives his leaving (up to
//             fill_finish_max more bytes when nobody is left who wants them). Followers are told
//             when the head has proved storable; when it has not they are released with
//             kFetchYourself, and a PassMark lets the next ones by at once.
// Ranges      Unknown object, no range asked: one plain GET, cut into chunks as it flows. Unknown
//             object and a range: an aligned range of whole chunks. Later fills: aligned ranges
//             under If-Range with the strong validator; several neighbouring chunks in one request
//             (read-ahead). A full answer to a range becomes a fill of the whole. A changed object
//             starts a new version; whoever reads the old one gets kAborted for what is missing.
// Threads     All calls from any thread. Callbacks run on the executor given with the call, never
//             inside it. Destroying the returned Pending (on that executor's thread) cancels.
// Errors      Blame tells the status: kOrigin with kTimeout → 504, else 502; kUs → 500/503.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_budget.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/fields.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/slice.h"
#include "cache/chunk.h"
#include "cache/disk_tier.h"
#include "cache/freshness.h"
#include "cache/memory_tier.h"
#include "cache/origin.h"
#include "cache/purge.h"
#include "cache/record.h"

namespace cache {

struct StoreOptions {
  base::Bytes memory_max{512u << 20};  // Blocks, records, RocksDB's memory, connection buffers.
  base::Bytes memory_reserved{0};      // Of memory_max, what the caller uses itself (buffers).
  Policy policy = Policy::kS3Fifo;
  std::uint32_t chunk_size = 1 << 20;   // For new objects; 64 KiB to 4 MiB, a multiple of 64 KiB.
  std::optional<DiskTierOptions> disk;  // None: memory only.

  std::uint32_t followers_max = 20'000;  // Waiting for one fill; over: kOverloaded.
  std::uint32_t fills_max = 4'096;       // Origin requests in flight; over: kOverloaded.
  std::chrono::milliseconds pass_mark_time{10'000};  // How long "uncacheable" is remembered.
  base::Bytes fill_finish_max{64u << 20};            // See Collapsing.
  base::Bytes unvalidated_max{64u << 20};  // Largest body stored without a strong validator.
  base::Bytes pipe_max{512u << 10};        // A private response's bytes ahead of its reader.
};

struct FillThread {
  base::Executor& executor;
  Origin& origin;
  // Runs the task on `executor` after the delay. With none, a fill that finds no memory fails at
  // once instead of waiting for some.
  std::function<void(std::chrono::milliseconds delay, base::Executor::Task task)> after = nullptr;
};

struct StoreContext {
  const base::Clock& clock;
  base::Metrics& metrics;
  VersionSource& versions;
  std::vector<FillThread> fill_threads;  // At least one; keys are sharded over them.
  // What private bodies on their way count in; it may have other owners. Null: unbounded.
  base::ByteBudget* buffers = nullptr;
  // For the disk tier (unused without one).
  FileSystem* files = nullptr;
  base::Executor* disk_readers = nullptr;
  base::Executor* disk_writer = nullptr;
  base::Executor* disk_index = nullptr;
};

enum class Source : std::uint8_t { kMemory, kDisk, kOrigin };
std::string_view name_of(Source source);  // "ram", "disk", "origin".

struct Lookup {
  enum class State : std::uint8_t {
    kFound,    // `object`, not purged hard.
    kPass,     // Known to be uncacheable.
    kAbsent,   // In neither tier.
    kAskDisk,  // Not in memory; only from find_in_memory().
  };
  State state = State::kAbsent;
  base::Ref<const Object> object;
  bool soft_purged = false;
  bool varies = false;  // Several variants are known for the key text, whether or not this one is.
  Source source = Source::kMemory;
};

// A private response's body, from the fill thread to its one reader, at most pipe_max ahead.
class BodyPipe {
 public:
  virtual ~BodyPipe() = default;  // Ends the origin request.
  struct Piece {
    enum class State : std::uint8_t { kPiece, kPending, kEnd, kFailed } state;
    base::Slice bytes;
  };
  virtual Piece pull(std::size_t max) = 0;
  // Runs on the executor given to open(), once, when pull() is worth trying again.
  virtual void on_ready(base::Executor::Task task) = 0;
};

// What a client asks for, as the store needs it.
struct Ask {
  std::string key_text;       // Without a variant.
  base::Fields request;       // As it goes to the origin: for Vary and for storability.
  std::optional<Span> range;  // The single range asked, if one; suffix ranges: none.
  base::Ref<const OriginTarget> target;
  std::shared_ptr<const CachePolicy> policy;
};

struct Opened {
  enum class Kind : std::uint8_t {
    kObject,         // Stored, or being stored: read it with chunk().
    kPrivate,        // Not storable; `status`, `fields`, `body` are this caller's alone.
    kFetchYourself,  // Not storable; ask the origin directly.
  };
  Kind kind = Kind::kObject;
  base::Ref<const Object> object;
  bool revalidated = false;  // By a 304.
  bool collapsed = false;    // This caller waited for another's fill.
  int origin_status = 0;     // What the origin answered.
  StoreVerdict verdict = StoreVerdict::kStore;
  int status = 0;
  base::Fields fields;  // Content-Length still in it.
  std::unique_ptr<BodyPipe> body;
};

struct ChunkAsk {
  base::Ref<const Object> object;
  std::uint32_t index = 0;
  std::uint32_t offset = 0;  // Within the chunk: the bytes wanted, for the disk tier.
  std::uint32_t length = 0;
  // So many chunks after it are wanted soon: from disk when it is there, else by the same fill.
  std::uint32_t read_ahead = 0;
  base::Ref<const OriginTarget> target;
  base::Fields request;  // As in Ask.
  std::shared_ptr<const CachePolicy> policy;
};

struct ChunkOpened {
  base::Ref<Chunk> chunk;  // Holds, or will grow to hold, `offset`; may be kGrowing.
  Source source = Source::kMemory;
  bool collapsed = false;
};

struct StoreStats {
  MemoryTierStats memory;
  DiskTierStats disk;
  base::Bytes arena_used, arena_capacity;
  std::uint64_t fills_in_flight = 0;
  std::uint64_t followers = 0;
  std::uint64_t purge_sequence = 0;
  std::uint64_t purge_entries = 0;
};

class Store {
 public:
  static base::Result<std::unique_ptr<Store>> open(const StoreOptions& options,
                                                   const StoreContext& context);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();  // After every Pending is gone and the executors have stopped or drained.

  class Pending {
   public:
    virtual ~Pending() = default;
  };

  // Inline, memory only: the hot path. `key_text` without a variant; Vary is followed here.
  Lookup find_in_memory(std::string_view key_text, const base::Fields& request);

  using OnLookup = std::move_only_function<void(Lookup)>;
  [[nodiscard]] std::unique_ptr<Pending> find(std::string key_text, const base::Fields& request,
                                              base::Executor& executor, OnLookup on_lookup);

  // Whether a purge of the key text would concern anything: a stored object in whatever variant, or
  // a fill on its way that was sent for before now.
  using OnKnown = std::move_only_function<void(bool)>;
  [[nodiscard]] std::unique_ptr<Pending> is_known(std::string key_text, const base::Fields& request,
                                                  base::Executor& executor, OnKnown on_known);

  // Asks the origin for the object: a fill, or with `stale` its revalidation.
  // When the origin answers that with 5xx the stale object stays: the first asker gets the answer
  // as kPrivate, the others an error. A reply may also be another's work, or what a quicker fill
  // left.
  using OnOpened = std::move_only_function<void(base::Result<Opened>)>;
  [[nodiscard]] std::unique_ptr<Pending> open(Ask ask, base::Ref<const Object> stale,
                                              base::Executor& executor, OnOpened on_opened);
  // The same with nobody waiting (stale-while-revalidate); at most one at a time for an object.
  void revalidate_in_background(Ask ask, base::Ref<const Object> stale);

  // The chunk, if memory can serve `offset` now or its fill is under way. Null: use chunk().
  base::Ref<Chunk> chunk_in_memory(const Object& object, std::uint32_t index, std::uint32_t offset);

  using OnChunk = std::move_only_function<void(base::Result<ChunkOpened>)>;
  [[nodiscard]] std::unique_ptr<Pending> chunk(ChunkAsk ask, base::Executor& executor,
                                               OnChunk on_chunk);

  // Acknowledged (called back) only when it is durable and every thread refuses the old version.
  using OnPurged = DiskTier::OnPurged;
  void purge(Purge purge, base::Executor& executor, OnPurged on_purged);

  // Whether a hard purge has taken the object, which the caller may have held for a while.
  [[nodiscard]] bool purged(const Object& object) const;
  // How many of the object's chunks are in memory, for /cache/entry.
  [[nodiscard]] std::uint32_t chunks_in_memory(const Object& object);
  [[nodiscard]] StoreStats stats() const;
  [[nodiscard]] Seed seed() const;

  // Stops fills and writes what is queued for disk. Every call answers an error or a miss from now
  // on.
  void close();

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cache
