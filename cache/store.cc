#include "cache/store.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "cache/chunk_loader.h"
#include "cache/fill_context.h"
#include "cache/fill_table.h"
#include "cache/record_finder.h"
#include "cache/reply.h"
#include "cache/selection.h"

namespace cache {
namespace {

// Without a disk tier, which bounds its own.
constexpr std::size_t kPurgeEntriesMax = 1 << 16;
constexpr base::Bytes kArenaMin{1u << 20};
constexpr std::uint32_t kChunkMin = 64 * 1024;
constexpr std::uint64_t kAheadShare = 8;

// Records and tables: about 1 KiB an object, so a sixteenth holds an object for each 16 KiB.
base::Bytes records_share(base::Bytes memory_max) {
  return std::max(memory_max / 16, base::Bytes(2u << 20));
}

base::Result<base::Bytes> arena_share(const StoreOptions& options) {
  base::Bytes taken = options.memory_reserved + records_share(options.memory_max);
  if (options.disk) taken += options.disk->index_memory;
  if (options.memory_max < taken + kArenaMin) {
    return base::fail(base::ErrorCode::kInvalid,
                      "memory_max " + base::to_string(options.memory_max) +
                          " is too small: it must hold " + base::to_string(taken + kArenaMin));
  }
  return options.memory_max - taken;
}

base::Result<void> check(const StoreOptions& options, const StoreContext& context) {
  CHECK(!context.fill_threads.empty());
  if (options.disk) {
    CHECK(context.files != nullptr && context.disk_readers != nullptr &&
          context.disk_writer != nullptr && context.disk_index != nullptr);
  }
  const std::uint32_t size = options.chunk_size;
  if (size < kChunkMin || size > kBlockBytes * Chunk::kBlocksMax || size % kBlockBytes != 0) {
    return base::fail(base::ErrorCode::kInvalid,
                      "chunk_size must be 64KiB to 4MiB, in steps of 64KiB");
  }
  return {};
}

void note_asked(const Object& object, std::uint32_t index) {
  if (object.chunks_asked.load(std::memory_order_relaxed) > index) return;
  std::uint32_t before = object.chunks_asked.load(std::memory_order_relaxed);
  while (before <= index &&
         !object.chunks_asked.compare_exchange_weak(before, index + 1, std::memory_order_relaxed)) {
  }
}

}  // namespace

std::string_view name_of(Source source) {
  switch (source) {
    case Source::kMemory:
      return "ram";
    case Source::kDisk:
      return "disk";
    case Source::kOrigin:
      return "origin";
  }
  return "unknown";
}

struct Store::State {
  State(const StoreOptions& given, const StoreContext& parts, base::Bytes arena_bytes)
      : options(given),
        context(parts),
        arena(arena_bytes),
        memory(arena, {.policy = given.policy, .records_max = records_share(given.memory_max)},
               [this](const Chunk& chunk, bool was_hit) {
                 if (was_hit && disk) disk->touch(chunk.disk_place());
               }),
        counters(parts.metrics, arena.capacity()),
        ahead(arena.capacity() / kAheadShare) {}
  ~State();

  struct Shard {
    Shard(State& state, const FillThread& thread)
        : executor(thread.executor),
          context{.options = state.options,
                  .clock = state.context.clock,
                  .versions = state.context.versions,
                  .memory = state.memory,
                  .memory_capacity = state.arena.capacity(),
                  .disk = state.disk.get(),
                  .purges = *state.purges,
                  .seed = state.seed,
                  .counters = state.counters,
                  .forgotten = forgotten,
                  .buffers = state.context.buffers,
                  .thread = thread},
          table(context),
          finder(context) {}
    // Hands it to the table, on its thread.
    void want(ChunkWant missing) {
      executor.post(
          [this, missing = std::move(missing)]() mutable { table.want(std::move(missing)); });
    }

    base::Executor& executor;
    Forgotten forgotten;
    const FillContext context;
    FillTable table;
    RecordFinder finder;
  };

  // The thread of all keys that share a key text without variant.
  Shard& shard_of(std::string_view key_text) {
    const Key key = key_of(primary_text(key_text), seed);
    return *shards[key.high % shards.size()];
  }

  void load(Shard& shard, ChunkWant want, int tries);
  void load_ahead(Shard& shard, const ChunkAsk& ask);

  const StoreOptions options;
  const StoreContext context;
  Arena arena;
  std::unique_ptr<PurgeTable> purges;
  std::unique_ptr<DiskTier> disk;  // Outlives the memory tier, which reports evictions to it.
  MemoryTier memory;
  Seed seed = 0;
  FillCounters counters;
  base::ByteBudget ahead;  // Being read from disk before anyone has asked.
  std::unique_ptr<ChunkLoader> loader;
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<bool> closed{false};
};

Store::State::~State() {
  context.metrics.remove_gauge("headrace_cache_fills_in_flight", {});
  // The disk's callbacks go to the shards and the loader: it ends first.
  if (disk) disk->close();
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

base::Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options,
                                                 const StoreContext& context) {
  if (const auto valid = check(options, context); !valid) return std::unexpected(valid.error());
  const base::Result<base::Bytes> arena_bytes = arena_share(options);
  if (!arena_bytes) return std::unexpected(arena_bytes.error());
  auto state = std::make_unique<State>(options, context, *arena_bytes);

  if (options.disk) {
    const DiskTierContext disk_context{.files = *context.files,
                                       .clock = context.clock,
                                       .metrics = context.metrics,
                                       .memory = state->memory,
                                       .readers = *context.disk_readers,
                                       .writer = *context.disk_writer,
                                       .index = *context.disk_index};
    DiskTierOptions disk_options = *options.disk;
    // What waits for the writer can't leave memory.
    disk_options.write_queue_max = std::min(disk_options.write_queue_max, *arena_bytes / 4);
    auto disk = DiskTier::open(disk_options, disk_context, state->purges);
    if (!disk) return std::unexpected(std::move(disk.error()));
    state->disk = std::move(*disk);
    state->seed = state->disk->seed();
    state->loader = std::make_unique<ChunkLoader>(state->memory, *state->disk);
  } else {
    state->seed = context.versions.next().low;
    state->purges = std::make_unique<PurgeTable>(state->seed, kPurgeEntriesMax);
  }
  for (const FillThread& thread : context.fill_threads) {
    state->shards.push_back(std::make_unique<State::Shard>(*state, thread));
  }
  context.metrics.gauge(
      "headrace_cache_fills_in_flight",
      "Origin requests that fill the cache now. Close to 4,096 means a "
      "slow origin; new misses are refused there.",
      {}, [state = state.get()] { return static_cast<double>(state->counters.in_flight.load()); });
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

// --- Looking up ---

Lookup Store::find_in_memory(std::string_view key_text, const base::Fields& request) {
  const Selection at = select(state_->memory, state_->seed, key_text, request);
  Lookup lookup = look_up(at, *state_->purges, state_->context.clock);
  if (lookup.state == Lookup::State::kAbsent && state_->disk) {
    lookup.state = Lookup::State::kAskDisk;
  }
  return lookup;
}

std::unique_ptr<Store::Pending> Store::find(std::string key_text, const base::Fields& request,
                                            base::Executor& executor, OnLookup on_lookup) {
  auto reply = base::make_ref<Reply<Lookup>>(executor, std::move(on_lookup));
  auto pending = std::make_unique<ReplyPending<Lookup>>(reply);
  Lookup lookup = find_in_memory(key_text, request);
  if (lookup.state != Lookup::State::kAskDisk) {
    reply->answer(std::move(lookup));
    return pending;
  }
  State::Shard& shard = state_->shard_of(key_text);
  shard.executor.post([&shard, search = RecordFinder::Search{std::move(key_text), request,
                                                             std::move(reply)}]() mutable {
    shard.finder.find(std::move(search));
  });
  return pending;
}

// The fills first: one that ends meanwhile has left an object by the time that is looked for.
std::unique_ptr<Store::Pending> Store::is_known(std::string key_text, const base::Fields& request,
                                                base::Executor& executor, OnKnown on_known) {
  const auto is_stored = [](const Lookup& lookup) {
    return lookup.state == Lookup::State::kFound || lookup.varies;
  };
  auto reply = base::make_ref<Reply<bool>>(executor, std::move(on_known));
  auto pending = std::make_unique<ReplyPending<bool>>(reply);
  if (is_stored(find_in_memory(key_text, request))) {
    reply->answer(true);
    return pending;
  }
  State::Shard& shard = state_->shard_of(key_text);
  shard.executor.post([this, &shard, is_stored, key_text = std::move(key_text), request,
                       reply = std::move(reply)]() mutable {
    if (shard.table.is_asking(key_text)) return reply->answer(true);
    const Lookup lookup = find_in_memory(key_text, request);
    if (lookup.state != Lookup::State::kAskDisk) return reply->answer(is_stored(lookup));
    shard.finder.find(
        {std::move(key_text), request,
         base::make_ref<Reply<Lookup>>(shard.executor,
                                       [is_stored, reply = std::move(reply)](const Lookup& found) {
                                         reply->answer(is_stored(found));
                                       })});
  });
  return pending;
}

std::unique_ptr<Store::Pending> Store::open(Ask ask, base::Ref<const Object> stale,
                                            base::Executor& executor, OnOpened on_opened) {
  auto reply = base::make_ref<Reply<base::Result<Opened>>>(executor, std::move(on_opened));
  auto pending = std::make_unique<ReplyPending<base::Result<Opened>>>(reply);
  State::Shard& shard = state_->shard_of(ask.key_text);
  shard.executor.post([&shard, opening = Opening{.ask = std::move(ask),
                                                 .stale = std::move(stale),
                                                 .reply = std::move(reply)}]() mutable {
    shard.table.open(std::move(opening));
  });
  return pending;
}

void Store::revalidate_in_background(Ask ask, base::Ref<const Object> stale) {
  State::Shard& shard = state_->shard_of(ask.key_text);
  shard.executor.post(
      [&shard, opening = Opening{.ask = std::move(ask), .stale = std::move(stale)}]() mutable {
        shard.table.open(std::move(opening));
      });
}

// --- Chunks ---

base::Ref<Chunk> Store::chunk_in_memory(const Object& object, std::uint32_t index,
                                        std::uint32_t offset) {
  note_asked(object, index);
  base::Ref<Chunk> chunk = state_->memory.find(ChunkKey{object.version(), index});
  if (!chunk) return nullptr;
  switch (chunk->phase()) {
    case Chunk::Phase::kGrowing:
    case Chunk::Phase::kWhole:
      return chunk;
    case Chunk::Phase::kPartial:
      return chunk->readable(offset) > 0 ? chunk : nullptr;
    case Chunk::Phase::kFailed:
      break;
  }
  return nullptr;
}

std::unique_ptr<Store::Pending> Store::chunk(ChunkAsk ask, base::Executor& executor,
                                             OnChunk on_chunk) {
  auto reply = base::make_ref<Reply<base::Result<ChunkOpened>>>(executor, std::move(on_chunk));
  auto pending = std::make_unique<ReplyPending<base::Result<ChunkOpened>>>(reply);
  if (base::Ref<Chunk> chunk = chunk_in_memory(*ask.object, ask.index, ask.offset)) {
    reply->answer(ChunkOpened{std::move(chunk), Source::kMemory, false});
    return pending;
  }
  State::Shard& shard = state_->shard_of(ask.object->key_text);
  const base::Ref<const Object> object = ask.object;
  const std::uint32_t index = ask.index;
  if (!state_->loader || object->chunk_length(index) == 0) {
    shard.want({.ask = std::move(ask), .reply = std::move(reply)});
    return pending;
  }
  state_->load(shard, {.ask = std::move(ask), .reply = std::move(reply)}, 0);
  return pending;
}

// From disk, else by a fill. While all memory is in use it waits for some, as fills do.
void Store::State::load(Shard& shard, ChunkWant want, int tries) {
  if (!want.reply->wanted()) return;
  const base::Ref<const Object> object = want.ask.object;
  const std::uint32_t index = want.ask.index;
  const std::uint32_t offset = want.ask.offset;
  const std::uint32_t length = want.ask.length;
  loader->load(*object, index, offset, length,
               [this, &shard, tries,
                want = std::move(want)](const base::Result<base::Ref<Chunk>>& loaded) mutable {
                 if (loaded) {
                   want.reply->answer(ChunkOpened{*loaded, Source::kDisk, false});
                   return load_ahead(shard, want.ask);
                 }
                 if (loaded.error().code != base::ErrorCode::kNoSpace) {
                   return shard.want(std::move(want));
                 }
                 if (!shard.context.thread.after || tries == kMemoryTriesMax || closed) {
                   return want.reply->answer(
                       base::fail(base::ErrorCode::kOverloaded, "no memory for a read"));
                 }
                 shard.executor.post([this, &shard, tries, want = std::move(want)]() mutable {
                   shard.context.thread.after(
                       kMemoryPause, [this, &shard, tries, want = std::move(want)]() mutable {
                         load(shard, std::move(want), tries + 1);
                       });
                 });
               });
}

// What the reader will want next, from the same disk; what is not there by fills. Only as far as
// memory allows: it would push out what others read.
void Store::State::load_ahead(Shard& shard, const ChunkAsk& ask) {
  if (ask.read_ahead == 0 || !ask.object->length()) return;
  const std::uint32_t last =
      std::min(ask.object->chunk_count() - 1 - ask.index, ask.read_ahead) + ask.index;
  for (std::uint32_t index = ask.index + 1; index <= last; ++index) {
    if (memory.find(ChunkKey{ask.object->version(), index})) continue;
    const std::uint32_t length = ask.object->chunk_length(index);
    auto held = std::make_shared<base::ByteBudget::Share>(&ahead);
    if (!held->try_hold(length)) return;
    ChunkAsk next = ask;
    next.index = index;
    next.offset = 0;
    next.length = length;
    next.read_ahead = 0;
    loader->load(*ask.object, index, 0, length,
                 [&shard, held,
                  next = std::move(next)](const base::Result<base::Ref<Chunk>>& loaded) mutable {
                   held.reset();
                   if (loaded || loaded.error().code == base::ErrorCode::kNoSpace) return;
                   shard.want({.ask = std::move(next),
                               .reply = base::make_ref<Reply<base::Result<ChunkOpened>>>(
                                   shard.executor, [](const base::Result<ChunkOpened>&) {})});
                 });
  }
}

std::uint32_t Store::chunks_in_memory(const Object& object) {
  if (!object.length()) return 0;
  std::uint32_t count = 0;
  for (std::uint32_t index = 0; index < object.chunk_count(); ++index) {
    if (state_->memory.find(ChunkKey{object.version(), index})) ++count;
  }
  return count;
}

// --- Purge, state, end ---

void Store::purge(Purge purge, base::Executor& executor, OnPurged on_purged) {
  auto acknowledge = [&executor](OnPurged callback, base::Result<std::uint64_t> sequence) {
    executor.post([callback = std::move(callback), sequence = std::move(sequence)]() mutable {
      callback(std::move(sequence));
    });
  };
  if (state_->closed) {
    return acknowledge(std::move(on_purged),
                       base::fail(base::ErrorCode::kAborted, "the cache is closed"));
  }
  if (state_->disk) {
    state_->disk->purge(std::move(purge), [acknowledge, on_purged = std::move(on_purged)](
                                              base::Result<std::uint64_t> sequence) mutable {
      acknowledge(std::move(on_purged), std::move(sequence));
    });
    return;
  }
  // Without a disk the first fill thread numbers and publishes.
  state_->shards.front()->executor.post([state = state_.get(), acknowledge,
                                         purge = std::move(purge),
                                         on_purged = std::move(on_purged)]() mutable {
    purge.sequence = state->purges->sequence() + 1;
    state->purges->publish(purge);
    acknowledge(std::move(on_purged), purge.sequence);
  });
}

bool Store::purged(const Object& object) const {
  return state_->purges->check(object) == PurgeVerdict::kHard;
}

StoreStats Store::stats() const {
  StoreStats stats;
  stats.memory = state_->memory.stats();
  if (state_->disk) stats.disk = state_->disk->stats();
  stats.arena_used = state_->arena.used();
  stats.arena_capacity = state_->arena.capacity();
  stats.fills_in_flight = state_->counters.in_flight.load();
  stats.followers = state_->counters.followers.load();
  stats.purge_sequence = state_->purges->sequence();
  stats.purge_entries = state_->purges->entries();
  return stats;
}

Seed Store::seed() const { return state_->seed; }

void Store::close() {
  if (state_->closed.exchange(true)) return;
  for (const auto& shard : state_->shards) {
    shard->executor.post([&table = shard->table] { table.close(); });
  }
  if (state_->disk) state_->disk->close();
}

}  // namespace cache
