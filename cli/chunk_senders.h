// ChunkSenders: chunks of a file on their way to the server, some at a time, while the caller goes on
// hashing: the server syncs one to its disk while the next is under way.
//
// Ownership  The file outlives it.
// Threads    add() and finish() from one; the senders are threads of its own.
// Errors     The first one's, of add() and finish(); kInvalid when a chunk's bytes changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/thread.h"
#include "cli/settings.h"
#include "cli/source_file.h"

namespace cli {

class Api;

struct Chunk {
  std::string hash;
  std::uint64_t offset = 0, size = 0;
};

class ChunkSenders {
 public:
  ChunkSenders(const Settings& settings, const SourceFile& file);
  ChunkSenders(const ChunkSenders&) = delete;
  ChunkSenders& operator=(const ChunkSenders&) = delete;
  ~ChunkSenders();  // What is under way is sent; what waits is not.

  // Waits while many are waiting already. `on_wait` is called meanwhile, every now and then.
  base::Result<void> add(Chunk chunk, const std::function<void()>& on_wait);
  // Until all have been sent.
  base::Result<void> finish(const std::function<void()>& on_wait);
  // Bytes that have left, of chunks under way too; less again when one is sent once more.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  static constexpr int kSenders = 3;
  static constexpr std::size_t kWaitingMax = 16;

  void work(const Settings& settings);
  base::Result<void> send(Api& api, const Chunk& chunk, std::span<char> buffer);

  const SourceFile& file_;
  std::atomic<std::uint64_t> sent_{0};
  base::Mutex mutex_;
  base::Condition changed_;
  std::deque<Chunk> waiting_ GUARDED_BY(mutex_);
  int under_way_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
  base::Result<void> outcome_ GUARDED_BY(mutex_);
  std::vector<base::Thread> threads_;  // Last: they use the rest.
};

}  // namespace cli
