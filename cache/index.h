// Index: what the disk tier knows, kept by RocksDB. Keys: index_key.h; values: index_record.h.
//
// Durability  One WAL for everything, never disabled. A write survives a kill at once and a power
//             cut as part of a prefix: never without all that was written before it. A synced write
//             survives a power cut when it returns.
// Space       bytes_on_disk() is measured. While a compaction runs it needs room for its output:
//             reserve() says how much.
// Threads     get() and the scans from any thread, write() from one.
// Errors      kNotFound; kCorrupt: damaged; kOverloaded: RocksDB would have to wait (kDroppable
//             only); kNoSpace; kIo.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace rocksdb {
class Env;
}

namespace cache {

// Puts and erasures that happen together or not at all.
class IndexBatch {
 public:
  void put(std::string key, std::string value) {
    changes_.emplace_back(std::move(key), std::move(value));
  }
  void erase(std::string key) { changes_.emplace_back(std::move(key), std::nullopt); }
  [[nodiscard]] bool empty() const { return changes_.empty(); }

 private:
  friend class Index;
  std::vector<std::pair<std::string, std::optional<std::string>>> changes_;
};

struct IndexOptions {
  std::string path;
  rocksdb::Env* env = nullptr;  // Not null.
  base::Bytes memory;           // Block cache and write buffers together.
  base::Bytes write_buffer;
  base::Bytes space_max;  // A safety net: RocksDB refuses to write beyond.
};

class Index {
 public:
  static base::Result<std::unique_ptr<Index>> open(const IndexOptions& options);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  ~Index();

  [[nodiscard]] base::Result<std::string> get(std::string_view key) const;

  // Entries whose key begins with `prefix`, in order, from the first after `after` (which begins
  // with it, too; empty: all), until `visit` says false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  [[nodiscard]] base::Result<void> scan(std::string_view prefix, std::string_view after,
                                        const Visit& visit) const;
  // The last entry whose key begins with `prefix`; kNotFound.
  [[nodiscard]] base::Result<std::pair<std::string, std::string>> last(
      std::string_view prefix) const;

  enum class Write {
    kDroppable,  // Refused when RocksDB is behind.
    kWaits,      // May block until it has caught up.
    kSynced,     // Blocks until it is on disk.
  };
  base::Result<void> write(const IndexBatch& batch, Write how);

  [[nodiscard]] base::Bytes bytes_on_disk() const;
  [[nodiscard]] base::Bytes bytes_appended() const;  // By this process: WAL, flushes, compactions.
  [[nodiscard]] base::Bytes reserve() const;

 private:
  struct State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cache
