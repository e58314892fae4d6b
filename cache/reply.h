// Reply: the one answer that a caller of the store waits for, on the executor he named.
//
// Life       Made by the call; answer() posts the value; the callback runs on the executor, at most
//            once. The caller holds a ReplyPending: destroying it, on that executor's thread,
//            destroys the callback, so that it never runs afterwards, even when its task is queued.
// Threads    answer() and wanted() from any thread. The callback is touched on the executor's
//            thread only, so cancelling needs no lock.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "base/executor.h"
#include "base/ref.h"
#include "cache/store.h"

namespace cache {

template <class T>
class Reply final : public base::RefCounted {
 public:
  using Callback = std::move_only_function<void(T)>;

  Reply(base::Executor& executor, Callback callback)
      : executor_(executor), callback_(std::move(callback)) {}

  // False once the caller has left. He may leave at any moment, so true is only a hint.
  [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_acquire); }

  [[nodiscard]] base::Executor& executor() const { return executor_; }

  void answer(T value) {
    executor_.post([self = base::Ref<Reply>(this), value = std::move(value)]() mutable {
      // A callback may destroy its own Pending.
      if (Callback callback = std::exchange(self->callback_, nullptr)) callback(std::move(value));
    });
  }

  void cancel() {
    wanted_.store(false, std::memory_order_release);
    callback_ = nullptr;
  }

 private:
  base::Executor& executor_;
  Callback callback_;
  std::atomic<bool> wanted_{true};
};

template <class T>
class ReplyPending final : public Store::Pending {
 public:
  explicit ReplyPending(base::Ref<Reply<T>> reply) : reply_(std::move(reply)) {}
  ReplyPending(const ReplyPending&) = delete;
  ReplyPending& operator=(const ReplyPending&) = delete;
  ~ReplyPending() override { reply_->cancel(); }

 private:
  base::Ref<Reply<T>> reply_;
};

}  // namespace cache
