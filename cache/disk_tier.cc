#include "cache/disk_tier.h"

#include <chrono>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "cache/chunk_reader.h"
#include "cache/chunk_writer.h"
#include "cache/disk_open.h"
#include "cache/disk_parts.h"
#include "cache/index_writer.h"
#include "cache/purge_log.h"
#include "cache/reclaim.h"
#include "cache/region_front.h"

namespace cache {

struct DiskTier::State {
  State(const DiskTierContext& given, std::unique_ptr<DiskMetrics> counted, OpenedDisk opened,
        PurgeTable& purges)
      : disk(std::move(opened)),
        context(given),
        metrics(std::move(counted)),
        health(disk.options.path),
        parts{disk.options,  context,     *metrics, health, *disk.index,
              *disk.regions, *disk.files, purges,   tasks,  closing},
        index(parts),
        purge_log(*disk.index, purges, std::move(disk.purge_mark)),
        reader(parts,
               [this](std::string key, std::string value) {
                 tasks.post(context.index, [this, key = std::move(key), value = std::move(value)] {
                   index.erase_entry(key, value);
                 });
               }),
        front(parts, index),
        writer(parts, index, front, [this] { return reclaim.start(); }),
        reclaim(parts, index, front,
                {.on_room = [this] { writer.resume(); },
                 .on_failure = [this] { writer.give_up_waiting(); }}),
        gauges(context.metrics) {}

  OpenedDisk disk;
  const DiskTierContext context;
  const std::unique_ptr<DiskMetrics> metrics;
  DiskHealth health;
  TaskCount tasks;
  std::atomic<bool> closing{false};
  DiskParts parts;

  IndexWriter index;   // The index thread's.
  PurgeLog purge_log;  // The index thread's.
  ChunkReader reader;
  RegionFront front;  // The writer's, as are the next two.
  ChunkWriter writer;
  Reclaim reclaim;
  DiskGauges gauges;  // Last: they read the others.
};

DiskTier::DiskTier(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<DiskTier>> DiskTier::open(const DiskTierOptions& options,
                                                       const DiskTierContext& context,
                                                       std::unique_ptr<PurgeTable>& purges) {
  auto metrics = std::make_unique<DiskMetrics>(context.metrics);
  // Regions are made before the state that their last readers are to wake.
  auto wake = std::make_shared<std::function<void()>>();
  auto disk = open_disk(options, context, *metrics, [wake] { (*wake)(); });
  if (!disk) return std::unexpected(disk.error());
  purges = std::move(disk->purges);
  auto state = std::make_unique<State>(context, std::move(metrics), std::move(*disk), *purges);
  *wake = [&state = *state] {
    state.tasks.post(state.context.writer, [&state] { state.reclaim.look_again(); });
  };
  State& gauged = *state;
  gauged.gauges.add("headrace_cache_disk_bytes",
                    "Bytes on disk, regions and index together. Never above disk_max.",
                    [&gauged] { return static_cast<double>(gauged.disk.regions->used().count()); });
  gauged.gauges.add("headrace_cache_disk_index_bytes", "Bytes of them in the index.", [&gauged] {
    return static_cast<double>(gauged.disk.index->bytes_on_disk().count());
  });
  gauged.gauges.add(
      "headrace_cache_disk_capacity_bytes",
      "What it may grow to: disk_max, or less when the file system had no room for that "
      "at the start (the log says so).",
      [&gauged] { return static_cast<double>(gauged.disk.options.size_max.count()); });
  gauged.gauges.add("headrace_cache_disk_healthy",
                    "1; 0 when the disk failed and was taken out: the node serves from memory and "
                    "origin, and someone should look.",
                    [&gauged] { return gauged.health.healthy() ? 1.0 : 0.0; });
  gauged.gauges.add("headrace_cache_disk_full",
                    "1 while the file system has no room for the cache to grow to disk_max: "
                    "something else fills it.",
                    [&gauged] { return gauged.disk.regions->disk_full() ? 1.0 : 0.0; });
  return std::unique_ptr<DiskTier>(new DiskTier(std::move(state)));
}

DiskTier::~DiskTier() { close(); }

Seed DiskTier::seed() const { return state_->disk.seed; }

void DiskTier::find(const Key& key, std::string key_text, OnRecord on_record) {
  State& state = *state_;
  state.tasks.post(state.context.readers, [&state, key, key_text = std::move(key_text),
                                           on_record = std::move(on_record)]() mutable {
    on_record(state.reader.find(key, key_text));
  });
}

void DiskTier::read(base::Ref<Chunk> chunk, std::uint32_t first, std::uint32_t count,
                    OnRead on_read) {
  State& state = *state_;
  state.tasks.post(state.context.readers, [&state, chunk = std::move(chunk), first, count,
                                           on_read = std::move(on_read)]() mutable {
    on_read(state.reader.read(*chunk, first, count));
  });
}

void DiskTier::write(base::Ref<Object> object, base::Ref<Chunk> chunk,
                     std::move_only_function<void(base::Result<void>)> on_done) {
  state_->writer.write(std::move(object), std::move(chunk), std::move(on_done));
}

void DiskTier::write(base::Ref<Record> record) {
  State& state = *state_;
  if (!state.parts.usable() || record->kind == Record::Kind::kPassMark) return;
  state.tasks.post(state.context.index, [&state, record = std::move(record)] {
    if (state.health.healthy()) std::ignore = state.index.put_record(*record);
  });
}

void DiskTier::erase(const Key& key, const Version& version) {
  State& state = *state_;
  if (!state.parts.usable()) return;
  state.tasks.post(state.context.index,
                   [&state, key, version] { state.index.erase_record(key, version); });
}

void DiskTier::touch(const DiskPlace& place) { state_->disk.regions->touch(place); }

void DiskTier::purge(Purge purge, OnPurged on_purged) {
  State& state = *state_;
  state.tasks.post(state.context.index, [&state, purge = std::move(purge),
                                         on_purged = std::move(on_purged)]() mutable {
    if (state.closing) {
      on_purged(base::fail(base::ErrorCode::kAborted, "the cache is being closed"));
      return;
    }
    const base::MonoTime begun = state.context.clock.mono();
    auto sequence = state.purge_log.purge(std::move(purge));
    const std::chrono::duration<double> took = state.context.clock.mono() - begun;
    state.metrics->purge_seconds.observe(took.count());
    if (!sequence && sequence.error().code == base::ErrorCode::kIo) {
      // A sync that failed may have lost what was written before it: nothing here is sure any more.
      state.parts.note_error(sequence.error());
      state.health.take_out(sequence.error());
    }
    on_purged(std::move(sequence));
  });
}

DiskTierStats DiskTier::stats() const {
  const State& state = *state_;
  const DiskMetrics& metrics = *state.metrics;
  return {.healthy = state.health.healthy(),
          .used = state.disk.regions->used(),
          .capacity = state.disk.options.size_max,
          .chunks_written = metrics.chunks_written.value(),
          .chunks_rewritten = metrics.chunks_rewritten.value(),
          .chunks_dropped = metrics.chunks_dropped.value(),
          .bytes_admitted = metrics.bytes_admitted.value(),
          .bytes_written = metrics.bytes_written.value(),
          .bytes_rewritten = metrics.bytes_rewritten.value(),
          .index_bytes_written = state.disk.index->bytes_appended().count(),
          .corrupt = metrics.corrupt.value()};
}

void DiskTier::close() {
  state_->closing = true;  // The reclaimer stops; what is queued is written if there is room.
  state_->tasks.wait_until_idle();
}

}  // namespace cache
