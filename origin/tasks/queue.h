// Queue: tasks in the database, leased to workers. docs/platform.md, "The queue".
//
// At least once: a task whose lease runs out is leased again, and what it has left is found by key.
// The fencing id of a lease is held against the row in the transaction that does what is asked, so
// a worker that was presumed dead changes nothing any more.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database; kNotFound: no such task; kBusy: the lease is not (any more) good.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/tasks/task_kind.h"

namespace origin {

enum class TaskState { kWaiting, kLeased, kDone, kParked };
std::string_view name_of(TaskState state);  // "waiting", "leased", "done", "parked"

struct NewTask {
  std::string video;
  TaskKind kind = TaskKind::kProbe;
  std::string key;        // The same work has the same key, once.
  std::int64_t rank = 0;  // Lower first; then older first.
  std::string spec;       // JSON for the worker.
};

struct Lease {
  std::int64_t task = 0;
  std::string id;  // The fencing id.
  TaskKind kind = TaskKind::kProbe;
  std::string video, key, spec;
};

struct TaskView {
  std::int64_t id = 0;
  TaskKind kind = TaskKind::kProbe;
  std::string video, key, worker, reason;
  TaskState state = TaskState::kWaiting;
  std::int64_t progress_us = 0;
  int failures = 0, losses = 0;
};

struct QueueLimits {
  std::chrono::milliseconds lease_time{60'000};
  int failures_max = 3;
  int losses_max = 10;
};

class Queue {
 public:
  Queue(Database& database, const base::Clock& clock, QueueLimits limits)
      : database_(database), clock_(clock), limits_(limits) {}

  // Inside a transaction of the caller's. A key that is there already is left as it is.
  static void add(soci::session& sql, const NewTask& task, std::int64_t now_us);

  // The best waiting task of these kinds; expired leases count as waiting. None: nothing to do.
  base::Result<std::optional<Lease>> lease(std::string_view worker,
                                           const std::vector<TaskKind>& kinds);
  // The new deadline is lease_time from now.
  base::Result<void> heartbeat(std::int64_t task, std::string_view lease, std::int64_t position_us);
  // `finish` says what is missing; if nothing is, it has done what follows, in the same transaction,
  // and the task is done. With something missing or an error the task stays as it is.
  using Missing = std::vector<std::string>;
  using Finish = std::function<base::Result<Missing>(soci::session& sql, const Lease& task)>;
  base::Result<Missing> complete(std::int64_t task, std::string_view lease, const Finish& finish);
  // `final`: trying again would be in vain. `on_parked` runs in the same transaction when the task
  // is parked by it.
  using AndThen = std::function<base::Result<void>(soci::session& sql, const Lease& task)>;
  enum class Verdict { kMayBeTriedAgain, kFinal };
  base::Result<void> fail(std::int64_t task, std::string_view lease, std::string_view reason,
                          Verdict verdict, const AndThen& on_parked);
  base::Result<void> give_back(std::int64_t task, std::string_view lease);
  // Of a good lease: what it is for.
  base::Result<Lease> check(std::int64_t task, std::string_view lease);
  // Inside a transaction of the caller's, until whose end it stays good.
  base::Result<Lease> check(soci::session& sql, std::int64_t task, std::string_view lease) const;

  // A parked task waits again. kNotFound: none such is parked.
  base::Result<void> retry(std::int64_t task, const AndThen& and_then);
  // Of one of the owner's videos; empty: of all of his, those that are not done. Newest first, at most
  // kListMax.
  static constexpr int kListMax = 1'000;
  base::Result<std::vector<TaskView>> list(std::int64_t owner, std::string_view video);
  base::Result<std::string> video_of(std::int64_t task);
  // Takes back expired leases; parks what was lost too often (`on_parked` as in fail()).
  base::Result<int> expire(const AndThen& on_parked);

  [[nodiscard]] const QueueLimits& limits() const { return limits_; }

 private:
  Database& database_;
  const base::Clock& clock_;
  const QueueLimits limits_;
};

}  // namespace origin
