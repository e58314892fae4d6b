#include "cli/chunk_senders.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/sha256.h"
#include "cli/api.h"

namespace cli {
namespace {

constexpr std::chrono::milliseconds kWaitTick{100};

}  // namespace

ChunkSenders::ChunkSenders(const Settings& settings, const SourceFile& file) : file_(file) {
  for (int i = 0; i < kSenders; ++i) {
    threads_.emplace_back("sender", [this, settings] { work(settings); });
  }
}

ChunkSenders::~ChunkSenders() {
  {
    const base::MutexLock lock(mutex_);
    waiting_.clear();
    ended_ = true;
  }
  changed_.notify_all();
}

base::Result<void> ChunkSenders::add(Chunk chunk, const std::function<void()>& on_wait) {
  while (true) {
    {
      const base::MutexLock lock(mutex_);
      if (waiting_.size() >= kWaitingMax && outcome_) changed_.wait_for(mutex_, kWaitTick);
      if (!outcome_) return outcome_;
      if (waiting_.size() < kWaitingMax) {
        waiting_.push_back(std::move(chunk));
        break;
      }
    }
    on_wait();
  }
  changed_.notify_all();
  return {};
}

base::Result<void> ChunkSenders::finish(const std::function<void()>& on_wait) {
  while (true) {
    {
      const base::MutexLock lock(mutex_);
      const bool is_at_work = !waiting_.empty() || under_way_ > 0;
      if (is_at_work && outcome_) changed_.wait_for(mutex_, kWaitTick);
      if (!outcome_ || (waiting_.empty() && under_way_ == 0)) return outcome_;
    }
    on_wait();
  }
}

void ChunkSenders::work(const Settings& settings) {
  Api api(settings);
  std::vector<char> buffer;
  while (true) {
    Chunk chunk;
    {
      const base::MutexLock lock(mutex_);
      while (waiting_.empty() && !ended_) changed_.wait(mutex_);
      if (waiting_.empty()) return;
      chunk = std::move(waiting_.front());
      waiting_.pop_front();
      ++under_way_;
    }
    buffer.resize(std::max<std::size_t>(buffer.size(), chunk.size));
    const auto sent = send(api, chunk, std::span(buffer).first(chunk.size));
    {
      const base::MutexLock lock(mutex_);
      --under_way_;
      if (!sent && outcome_) {
        outcome_ = sent;
        waiting_.clear();
      }
    }
    changed_.notify_all();
  }
}

base::Result<void> ChunkSenders::send(Api& api, const Chunk& chunk, std::span<char> buffer) {
  if (auto got = file_.read(chunk.offset, buffer); !got) return got;
  const std::string_view bytes(buffer.data(), buffer.size());
  std::uint64_t of_chunk = 0;  // Less again when it is sent once more.
  auto put = api.put_chunk(chunk.hash, bytes, [&](std::uint64_t now) {
    sent_ += now - of_chunk;
    of_chunk = now;
  });
  // The server takes no bytes of another hash; whether it is the file's doing is seen here.
  if (!put && put.error().code == base::ErrorCode::kInvalid &&
      base::Sha256::hex_of(bytes) != chunk.hash) {
    return base::fail(base::ErrorCode::kInvalid, "the file was changed while it was being sent");
  }
  return put;
}

}  // namespace cli
