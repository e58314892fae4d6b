#include "cache/body_pipe.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace cache {
namespace {

// What may wait although the budget is used up, so that its reader always gets on.
constexpr std::size_t kAheadMin = 16 * 1024;

}  // namespace

struct PrivateBody::Shared final : base::RefCounted {
  Shared(base::Bytes limit, base::ByteBudget* budget, base::Executor& thread,
         std::function<void()> on_room, std::function<void()> on_left)
      : ahead_max(limit.count()),
        fill_thread(thread),
        room(std::move(on_room)),
        left(std::move(on_left)),
        share(budget) {}

  const std::size_t ahead_max;
  base::Executor& fill_thread;
  const std::function<void()> room;
  const std::function<void()> left;

  base::Mutex mutex;
  std::deque<base::Slice> pieces GUARDED_BY(mutex);
  std::size_t waiting_bytes GUARDED_BY(mutex) = 0;
  base::ByteBudget::Share share GUARDED_BY(mutex);  // For them.
  std::size_t resume_at GUARDED_BY(mutex) = 0;      // Once refused: when so little waits.
  bool refused GUARDED_BY(mutex) = false;           // The fetch is paused for want of room.
  std::optional<bool> complete GUARDED_BY(mutex);   // Set at the end.
  base::Executor* reader GUARDED_BY(mutex) = nullptr;
  // Kept here while it waits; touched by the reader's thread only, once posted.
  bool waits GUARDED_BY(mutex) = false;

  base::Executor::Task task;  // The reader's thread only.

  void wake(const base::Ref<Shared>& self) {
    base::Executor* executor = nullptr;
    {
      const base::MutexLock lock(mutex);
      if (!std::exchange(waits, false)) return;
      executor = reader;
    }
    executor->post([self] {
      if (auto ready = std::exchange(self->task, nullptr)) ready();
    });
  }
};

class PrivateBody::Pipe final : public BodyPipe {
 public:
  explicit Pipe(base::Ref<Shared> shared) : shared_(std::move(shared)) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() override {
    shared_->task = nullptr;
    shared_->fill_thread.post([shared = shared_] { shared->left(); });
  }

  Piece pull(std::size_t max) override {
    Piece piece{Piece::State::kPending, {}};
    bool room = false;
    {
      const base::MutexLock lock(shared_->mutex);
      if (shared_->pieces.empty()) {
        if (shared_->complete) {
          piece.state = *shared_->complete ? Piece::State::kEnd : Piece::State::kFailed;
        }
        return piece;
      }
      base::Slice& front = shared_->pieces.front();
      piece.state = Piece::State::kPiece;
      piece.bytes = front.sub(0, std::min(max, front.size()));
      front.remove_prefix(piece.bytes.size());
      if (front.empty()) shared_->pieces.pop_front();
      shared_->waiting_bytes -= piece.bytes.size();
      shared_->share.hold(shared_->waiting_bytes);
      room = shared_->refused && shared_->waiting_bytes <= shared_->resume_at;
      if (room) shared_->refused = false;
    }
    if (room) shared_->fill_thread.post([shared = shared_] { shared->room(); });
    return piece;
  }

  void on_ready(base::Executor::Task task) override {
    shared_->task = std::move(task);
    bool now = false;
    {
      const base::MutexLock lock(shared_->mutex);
      shared_->waits = true;
      now = !shared_->pieces.empty() || shared_->complete.has_value();
    }
    if (now) shared_->wake(shared_);
  }

 private:
  base::Ref<Shared> shared_;
};

PrivateBody::PrivateBody(base::Bytes ahead_max, base::ByteBudget* budget,
                         base::Executor& fill_thread, std::function<void()> room,
                         std::function<void()> left)
    : shared_(base::make_ref<Shared>(ahead_max, budget, fill_thread, std::move(room),
                                     std::move(left))) {}

PrivateBody::~PrivateBody() { end(false); }

std::unique_ptr<BodyPipe> PrivateBody::make_pipe(base::Executor& reader) {
  {
    const base::MutexLock lock(shared_->mutex);
    shared_->reader = &reader;
  }
  return std::make_unique<Pipe>(shared_);
}

bool PrivateBody::push(std::string_view bytes) {
  {
    const base::MutexLock lock(shared_->mutex);
    const std::size_t waiting = shared_->waiting_bytes;
    if (waiting >= shared_->ahead_max ||
        (waiting >= kAheadMin && !shared_->share.try_hold(waiting + bytes.size()))) {
      shared_->refused = true;
      shared_->resume_at = waiting / 2;
      return false;
    }
    shared_->share.hold(waiting + bytes.size());
    shared_->pieces.push_back(base::Slice::of(std::string(bytes)));
    shared_->waiting_bytes += bytes.size();
  }
  shared_->wake(shared_);
  return true;
}

void PrivateBody::end(bool complete) {
  {
    const base::MutexLock lock(shared_->mutex);
    if (shared_->complete) return;
    shared_->complete = complete;
  }
  shared_->wake(shared_);
}

}  // namespace cache
