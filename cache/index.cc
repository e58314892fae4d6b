#include "cache/index.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <atomic>

#include "cache/index_directory.h"

namespace cache {
namespace {

base::ErrorCode code_of(const rocksdb::Status& status) {
  if (status.IsNotFound()) return base::ErrorCode::kNotFound;
  if (status.IsCorruption()) return base::ErrorCode::kCorrupt;
  if (status.IsIncomplete() || status.IsTimedOut()) return base::ErrorCode::kOverloaded;
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit)
    return base::ErrorCode::kNoSpace;
  if (status.IsBusy()) return base::ErrorCode::kBusy;
  return base::ErrorCode::kIo;
}

std::unexpected<base::Error> fail(const rocksdb::Status& status) {
  return base::fail(code_of(status), "index: " + status.ToString());
}

rocksdb::Slice slice_of(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Counts what RocksDB writes in the background, and notices that files came or went.
class Watcher final : public rocksdb::EventListener {
 public:
  void OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& info) override {
    appended += info.table_properties.data_size + info.table_properties.index_size +
                info.table_properties.filter_size;
    files_changed = true;
  }
  void OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& info) override {
    appended += info.stats.total_output_bytes;
    files_changed = true;
  }

  std::atomic<std::uint64_t> appended{0};
  std::atomic<bool> files_changed{true};
};

// How much WAL may be written before the files are measured again.
constexpr std::uint64_t kMeasureEvery = 256 * 1024;
// The largest compaction, in files, and the size of level 1, in write buffers: reserve() adds them.
constexpr std::uint64_t kCompactionFiles = 8;
constexpr std::uint64_t kFileBuffers = 2;
constexpr std::uint64_t kLevelBuffers = 8;

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  // Debian's build computes CRC32C in software: 2.6 times the CPU of XXH3 per byte.
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  return table;
}

rocksdb::Options db_options(const IndexOptions& options) {
  const std::uint64_t buffer = options.write_buffer.count();
  rocksdb::Options db;
  db.env = options.env;
  db.create_if_missing = true;
  db.paranoid_checks = true;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;

  // Memory: all of it out of one budget.
  auto cache = rocksdb::NewLRUCache(options.memory.count());
  db.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(
      std::max<std::size_t>(3 * buffer, options.memory.count() / 2), cache);
  db.write_buffer_size = buffer;
  db.max_write_buffer_number = 3;
  db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  db.max_open_files = 512;

  // Space: small levels, no preallocation, tombstones compacted away soon.
  db.compression = rocksdb::kNoCompression;  // Mostly hashes.
  db.level_compaction_dynamic_level_bytes = true;
  db.target_file_size_base = kFileBuffers * buffer;
  db.max_bytes_for_level_base = kLevelBuffers * buffer;
  db.max_compaction_bytes = kCompactionFiles * db.target_file_size_base;
  // Behind by more than this, RocksDB refuses fills: the space for it is not there.
  db.soft_pending_compaction_bytes_limit = 64 * buffer;
  db.hard_pending_compaction_bytes_limit = 256 * buffer;
  db.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048));
  db.allow_fallocate = false;
  db.max_total_wal_size = 3 * buffer;
  db.max_manifest_file_size = 4u << 20;
  // The defaults rewrite every file once a month.
  db.ttl = 0;
  db.periodic_compaction_seconds = 0;

  // Start: nothing is read that is not needed.
  db.skip_stats_update_on_db_open = true;
  db.skip_checking_sst_file_sizes_on_db_open = true;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;

  db.max_background_jobs = 2;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.keep_log_file_num = 2;
  db.max_log_file_size = 256 * 1024;
  return db;
}

}  // namespace

struct Index::State {
  IndexOptions options;
  std::shared_ptr<Watcher> watcher = std::make_shared<Watcher>();
  std::unique_ptr<rocksdb::DB> db;
  std::uint64_t measured_at = 0;  // WAL bytes when the files were measured last.
  std::atomic<std::uint64_t> wal_bytes{0};
  std::atomic<std::uint64_t> measured{0};

  void measure() {
    measured_at = wal_bytes;
    watcher->files_changed = false;
    measured = size_of_directory(*options.env, options.path).count();
  }
};

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}

Index::~Index() {
  // Close() would leave what is in memory to the WAL, too; flushing here makes the next start
  // shorter, but a start has to be short after a kill anyway.
  rocksdb::CancelAllBackgroundWork(state_->db.get(), true);
  state_->db->Close().PermitUncheckedError();
}

base::Result<std::unique_ptr<Index>> Index::open(const IndexOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  rocksdb::Options db = db_options(options);
  db.listeners.push_back(state->watcher);
  rocksdb::Status made;
  db.sst_file_manager.reset(
      rocksdb::NewSstFileManager(options.env, nullptr, "", 0, true, &made, 0.25, 64u << 20));
  if (!made.ok()) return fail(made);
  db.sst_file_manager->SetMaxAllowedSpaceUsage(options.space_max.count());

  rocksdb::DB* opened = nullptr;
  if (const auto status = rocksdb::DB::Open(db, options.path, &opened); !status.ok()) {
    return fail(status);
  }
  state->db.reset(opened);
  state->measure();
  return std::unique_ptr<Index>(new Index(std::move(state)));
}

base::Result<std::string> Index::get(std::string_view key) const {
  std::string value;
  const auto status = state_->db->Get(rocksdb::ReadOptions(), slice_of(key), &value);
  if (!status.ok()) return fail(status);
  return value;
}

base::Result<void> Index::scan(std::string_view prefix, std::string_view after,
                               const Visit& visit) const {
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> entry(state_->db->NewIterator(read));
  entry->Seek(slice_of(after.empty() ? prefix : after));
  for (; entry->Valid() && entry->key().starts_with(slice_of(prefix)); entry->Next()) {
    if (!after.empty() && view_of(entry->key()) == after) continue;
    if (!visit(view_of(entry->key()), view_of(entry->value()))) break;
  }
  if (!entry->status().ok()) return fail(entry->status());
  return {};
}

base::Result<std::pair<std::string, std::string>> Index::last(std::string_view prefix) const {
  const std::unique_ptr<rocksdb::Iterator> entry(state_->db->NewIterator(rocksdb::ReadOptions()));
  entry->SeekForPrev(slice_of(std::string(prefix) + std::string(16, '\xff')));
  if (!entry->status().ok()) return fail(entry->status());
  if (!entry->Valid() || !entry->key().starts_with(slice_of(prefix))) {
    return base::fail(base::ErrorCode::kNotFound, "index: nothing under the prefix");
  }
  return std::pair(entry->key().ToString(), entry->value().ToString());
}

base::Result<void> Index::write(const IndexBatch& batch, Write how) {
  rocksdb::WriteBatch changes;
  for (const auto& [key, value] : batch.changes_) {
    if (value) {
      changes.Put(key, *value);
    } else {
      changes.Delete(key);
    }
  }
  rocksdb::WriteOptions options;
  options.sync = how == Write::kSynced;
  options.no_slowdown = how == Write::kDroppable;
  const std::uint64_t bytes = changes.GetDataSize();
  if (const auto status = state_->db->Write(options, &changes); !status.ok()) return fail(status);
  state_->wal_bytes += bytes;
  if (state_->watcher->files_changed || state_->wal_bytes - state_->measured_at >= kMeasureEvery) {
    state_->measure();
  }
  return {};
}

base::Bytes Index::bytes_on_disk() const {
  return base::Bytes(state_->measured) + base::Bytes(kMeasureEvery);
}

base::Bytes Index::bytes_appended() const {
  return base::Bytes(state_->wal_bytes + state_->watcher->appended);
}

base::Bytes Index::reserve() const {
  // A compaction writes at most what it reads: a largest compaction, or level 0 into level 1.
  const std::uint64_t buffer = state_->options.write_buffer.count();
  const std::uint64_t most = (kCompactionFiles * kFileBuffers + kLevelBuffers + 4) * buffer;
  return base::Bytes(std::min(most, state_->measured.load()) + 2 * buffer);
}

}  // namespace cache
