// SimulatedDisk: a disk in memory, for the region files and for RocksDB, that fails when told and
// loses unsynced writes when its power is cut.
//
// Every write, sync, reservation, creation, removal and rename is a numbered point. At the chosen
// one it fails: once, from then on, or with the power, when nothing works until restore_power().
// Then what was synced is there, and of what was not: nothing, all, or some pages and tails in no
// order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "cache/file_system.h"

namespace rocksdb {
class Env;
}

namespace cache {

class SimulatedDisk {
 public:
  enum class Fault { kIoError, kNoSpace, kShortWrite, kPowerCut };
  enum class Lost { kNothing, kEverything, kSome };

  explicit SimulatedDisk(std::uint32_t seed);
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;
  ~SimulatedDisk();

  [[nodiscard]] FileSystem& files();
  [[nodiscard]] rocksdb::Env* env();

  // Points are counted from 1. `count`: how many in a row fail.
  void fail(std::uint64_t at, Fault fault, std::uint64_t count = 1);
  // Reservations beyond this fail with kNoSpace, all files together.
  void limit_files(base::Bytes bytes);
  [[nodiscard]] std::uint64_t points() const;  // So far.
  [[nodiscard]] bool struck() const;           // Whether the fault has come.
  // Nobody may have a file open. No fault is due after this.
  void restore_power(Lost lost);

 private:
  struct Node {
    std::string now;                   // What a reader sees.
    std::string durable;               // What a power cut leaves for sure.
    std::set<std::uint64_t> unsynced;  // Pages.
    bool name_durable = false;
  };
  class Files;
  class OpenFile;
  class Env;
  class EnvFile;
  struct Tail {
    std::uint64_t synced = 0;
    bool ever_synced = false;
  };

  // The fault that this point has, if any.
  std::unique_ptr<Fault> point();
  base::Result<void> file_point(const char* call);
  [[nodiscard]] bool dead() const;

  mutable base::Mutex mutex_;
  std::mt19937 random_ GUARDED_BY(mutex_);
  std::uint64_t points_ GUARDED_BY(mutex_) = 0;
  std::uint64_t fails_at_ GUARDED_BY(mutex_) = 0;
  std::uint64_t fails_count_ GUARDED_BY(mutex_) = 0;
  Fault fault_ GUARDED_BY(mutex_) = Fault::kIoError;
  std::uint64_t files_max_ GUARDED_BY(mutex_) = ~std::uint64_t{0};
  bool struck_ GUARDED_BY(mutex_) = false;
  bool dead_ GUARDED_BY(mutex_) = false;
  std::map<std::string, std::shared_ptr<Node>> nodes_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Tail>> tails_ GUARDED_BY(mutex_);
  std::unique_ptr<rocksdb::Env> memory_env_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<Env> env_;
};

}  // namespace cache
