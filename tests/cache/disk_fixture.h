// The disk tier in tests: a directory, executors that run when told, and words for what is done.
//
//   DiskDirectory directory;
//   Disk disk(directory);
//   const auto film = disk.object("/v/1.ts", 3 << 20);
//   disk.store(film);
//   EXPECT_EQ(disk.read_back(film), film.body);
#pragma once

#include <unistd.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/arena.h"
#include "cache/disk_tier.h"
#include "cache/file_system.h"
#include "cache/memory_tier.h"
#include "cache/record.h"

namespace cache {

class DiskDirectory {
 public:
  DiskDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-disk-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  DiskDirectory(const DiskDirectory&) = delete;
  DiskDirectory& operator=(const DiskDirectory&) = delete;
  ~DiskDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What the directory takes, file by file.
inline std::uint64_t bytes_in(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    std::error_code gone;  // RocksDB removes files meanwhile.
    const auto size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

// Keeps what is posted until it is run.
class Turns final : public base::Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  bool run_one() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void drop_all() { tasks_.clear(); }

 private:
  std::deque<Task> tasks_;
};

inline constexpr std::string_view kSite = "video";

// Bytes that tell where they are from.
inline std::string body_of(std::string_view name, std::uint64_t length) {
  std::string body(length, '\0');
  std::uint64_t state = std::hash<std::string_view>()(name) | 1;
  for (std::uint64_t i = 0; i < length; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    body[i] = static_cast<char>(state >> 56);
  }
  return body;
}

class Disk {
 public:
  struct Stored {
    base::Ref<Object> object;
    std::string body;
  };

  static DiskTierOptions small(const std::string& path) {
    DiskTierOptions options;
    options.path = path;
    options.size_max = base::Bytes(16u << 20);
    options.region_size = base::Bytes(1u << 20);
    options.index_memory = base::Bytes(1u << 20);
    options.seed = 7;
    return options;
  }

  explicit Disk(const DiskDirectory& directory) : Disk(small(directory.path())) {}
  explicit Disk(DiskTierOptions options, FileSystem* files = nullptr)
      : options_(std::move(options)),
        own_files_(make_posix_file_system()),
        files_(files != nullptr ? *files : *own_files_) {
    const auto opened = open();
    if (!opened) failure_ = opened.error();
  }
  ~Disk() { close(); }

  base::Result<void> open() {
    auto tier = DiskTier::open(options_, context(), purges_);
    if (!tier) return std::unexpected(tier.error());
    tier_ = std::move(*tier);
    return {};
  }
  void close() {
    if (!tier_) return;
    run();
    tier_->close();
    tier_.reset();
  }
  // As after a kill: nothing that is queued is done.
  void kill() {
    for (Turns* turns : all_) turns->drop_all();
    tier_->close();
    tier_.reset();
  }
  void reopen() {
    close();
    const auto opened = open();
    if (!opened) failure_ = opened.error();
  }

  void run() {
    for (bool ran = true; ran;) {
      ran = false;
      for (Turns* turns : all_) ran |= turns->run_one();
    }
  }

  Stored object(const std::string& path, std::uint64_t length, const std::string& etag = "\"e\"",
                const std::vector<std::string>& tags = {}) {
    ObjectHead head;
    head.key_text = std::string(kSite) + "\n" + path;
    head.key = key_of(head.key_text, seed());
    head.version = {++versions_ * 0x9E3779B97F4A7C15ULL, versions_};
    head.fields.add("content-type", "video/mp2t");
    head.etag = etag;
    head.length = length;
    head.chunk_size = chunk_size;
    head.freshness.response_time = clock_.wall();
    head.number = versions_;
    head.purge_sequence = purges_->sequence();
    for (const std::string& tag : tags) head.tags.push_back(tag_hash(kSite, tag, seed()));
    return {base::make_ref<Object>(std::move(head)),
            body_of(path + std::to_string(versions_), length)};
  }

  // Another object with the body of this one, which is cheap to make.
  Stored object_like(const Stored& other, const std::string& path) {
    Stored made = object(path, 0);
    made.body = other.body;
    ObjectHead head = made.object->head();
    head.key_text = made.object->key_text;
    head.fields.add("content-type", "video/mp2t");
    head.length = other.body.size();
    made.object = base::make_ref<Object>(std::move(head));
    return made;
  }

  base::Ref<Chunk> chunk_of(const Stored& stored, std::uint32_t index) {
    const std::uint32_t length = stored.object->chunk_length(index);
    auto chunk = base::make_ref<Chunk>(ChunkKey{stored.object->version(), index}, length,
                                       Chunk::Phase::kGrowing);
    const std::size_t taken = chunk->append(
        std::string_view(stored.body).substr(std::uint64_t{index} * chunk_size, length),
        [this](std::size_t bytes) { return memory_.allocate(bytes); });
    CHECK(taken == length);
    chunk->finish();
    return chunk;
  }

  // Queues a chunk, and says later how it went.
  void queue(const Stored& stored, std::uint32_t index) {
    tier_->write(stored.object, chunk_of(stored, index),
                 [this](base::Result<void> outcome) { outcomes.push_back(std::move(outcome)); });
  }
  // Whether all its chunks were stored.
  bool store(const Stored& stored) {
    outcomes.clear();
    for (std::uint32_t i = 0; i < stored.object->chunk_count(); ++i) {
      queue(stored, i);
      run();
    }
    for (const auto& outcome : outcomes) {
      if (!outcome) return false;
    }
    return outcomes.size() == stored.object->chunk_count();
  }

  base::Ref<Object> find(const std::string& path) {
    const std::string text = std::string(kSite) + "\n" + path;
    std::optional<base::Result<base::Ref<Record>>> found;
    tier_->find(key_of(text, seed()), text, [&](auto result) { found = std::move(result); });
    run();
    if (!found || !*found) return nullptr;
    return base::Ref<Object>(static_cast<Object*>((**found).get()));
  }
  // The chunk with these blocks in it, or null.
  base::Ref<Chunk> read_chunk(const Object& object, std::uint32_t index, std::uint32_t first = 0,
                              std::uint32_t count = Chunk::kBlocksMax) {
    auto chunk = base::make_ref<Chunk>(ChunkKey{object.version(), index},
                                       object.chunk_length(index), Chunk::Phase::kPartial);
    std::optional<base::Result<void>> read;
    tier_->read(chunk, first, count, [&](auto result) { read = std::move(result); });
    run();
    last_read = read.value_or(base::fail(base::ErrorCode::kAborted, "never called back"));
    return last_read ? chunk : nullptr;
  }
  static std::string bytes_of(const Chunk& chunk) {
    std::string bytes;
    while (bytes.size() < chunk.length()) {
      const auto piece = chunk.read(static_cast<std::uint32_t>(bytes.size()), chunk.length());
      if (piece.empty()) break;
      bytes += piece.view();
    }
    return bytes;
  }
  // The whole body as the disk has it; none: some of it is missing.
  std::optional<std::string> read_back(const Stored& stored) {
    std::string bytes;
    for (std::uint32_t i = 0; i < stored.object->chunk_count(); ++i) {
      const auto chunk = read_chunk(*stored.object, i);
      if (!chunk) return std::nullopt;
      bytes += bytes_of(*chunk);
    }
    return bytes;
  }

  base::Result<std::uint64_t> purge(PurgeKind kind, const std::string& text, bool soft = false) {
    std::optional<base::Result<std::uint64_t>> purged;
    tier_->purge({.kind = kind, .text = text, .soft = soft},
                 [&](auto result) { purged = std::move(result); });
    run();
    return purged.value_or(base::fail(base::ErrorCode::kAborted, "never called back"));
  }

  [[nodiscard]] Seed seed() const { return tier_->seed(); }
  [[nodiscard]] DiskTierStats stats() const { return tier_->stats(); }
  DiskTier& tier() { return *tier_; }
  PurgeTable& purges() { return *purges_; }
  base::Metrics& metrics() { return metrics_; }
  base::ManualClock& clock() { return clock_; }
  [[nodiscard]] const std::optional<base::Error>& failure() const { return failure_; }
  [[nodiscard]] bool is_open() const { return tier_ != nullptr; }
  DiskTierOptions& options() { return options_; }
  Turns& writer() { return writer_; }

  std::uint32_t chunk_size = 256 * 1024;
  std::vector<base::Result<void>> outcomes;
  base::Result<void> last_read;

 private:
  DiskTierContext context() {
    return {.files = files_,
            .clock = clock_,
            .metrics = metrics_,
            .memory = memory_,
            .readers = readers_,
            .writer = writer_,
            .index = index_};
  }

  DiskTierOptions options_;
  const std::unique_ptr<FileSystem> own_files_;
  FileSystem& files_;
  base::ManualClock clock_;
  base::Metrics metrics_;
  Arena arena_{base::Bytes(32u << 20)};
  MemoryTier memory_{arena_, {}, nullptr};
  Turns readers_, writer_, index_;
  Turns* const all_[3] = {&readers_, &writer_, &index_};
  std::uint64_t versions_ = 0;
  std::optional<base::Error> failure_;
  std::unique_ptr<PurgeTable> purges_;
  std::unique_ptr<DiskTier> tier_;
};

}  // namespace cache
