#include "origin/tasks/queue.h"

#include <array>
#include <utility>

#include "base/random.h"
#include "package/text.h"

namespace soci {

// In rows, a kind is its word.
template <>
struct type_conversion<origin::TaskKind> {
  using base_type = std::string;
  static void from_base(const std::string& word, indicator /*there*/, origin::TaskKind& kind) {
    const auto known = origin::task_kind_of(word);
    if (!known) throw soci_error("a task has the unknown kind \"" + word + "\"");
    kind = *known;
  }
  static void to_base(const origin::TaskKind& kind, std::string& word, indicator& there) {
    word = origin::name_of(kind);
    there = i_ok;
  }
};

}  // namespace soci

namespace origin {
namespace {

using base::ErrorCode;

constexpr std::size_t kLeaseIdLength = 22;  // 128 bits.
constexpr std::size_t kReasonBytesMax = 2'000;
constexpr std::size_t kWorkerBytesMax = 200;

constexpr std::array kStates{
    std::pair{std::string_view("waiting"), TaskState::kWaiting},
    std::pair{std::string_view("leased"), TaskState::kLeased},
    std::pair{std::string_view("done"), TaskState::kDone},
    std::pair{std::string_view("parked"), TaskState::kParked},
};

TaskState state_of(std::string_view name) {
  for (const auto& [word, state] : kStates) {
    if (word == name) return state;
  }
  return TaskState::kParked;
}

std::unexpected<base::Error> lease_is_over() {
  return base::fail(ErrorCode::kBusy, "the lease of this task is over, or another's",
                    base::Blame::kClient);
}

// The task under this lease, as it is good for until the transaction ends.
base::Result<Lease> leased(soci::session& sql, std::int64_t id, std::string_view lease,
                           std::int64_t now) {
  Lease task{.task = id};
  std::string state;
  std::int64_t ends = 0;
  sql << "SELECT lease, video, kind, key, spec, state, lease_ends FROM tasks WHERE id = :id",
      soci::use(id), soci::into(task.id), soci::into(task.video), soci::into(task.kind),
      soci::into(task.key), soci::into(task.spec), soci::into(state), soci::into(ends);
  if (!sql.got_data()) {
    return base::fail(ErrorCode::kNotFound, "no such task", base::Blame::kClient);
  }
  if (state != "leased" || lease.empty() || task.id != lease || ends < now) return lease_is_over();
  return task;
}

void park(soci::session& sql, std::int64_t id, const std::string& reason) {
  sql << "UPDATE tasks SET state = 'parked', lease = '', worker = '', reason = :reason "
         "WHERE id = :id",
      soci::use(reason), soci::use(id);
}

void release(soci::session& sql, std::int64_t id) {
  sql << "UPDATE tasks SET state = 'waiting', lease = '', worker = '' WHERE id = :id",
      soci::use(id);
}

// A lease that ran out. True: that was once too often.
bool lose(soci::session& sql, std::int64_t id, int losses_before, int losses_max) {
  const int losses = losses_before + 1;
  sql << "UPDATE tasks SET losses = :losses WHERE id = :id", soci::use(losses), soci::use(id);
  if (losses < losses_max) {
    release(sql, id);
    return false;
  }
  park(sql, id,
       "its workers vanished " + std::to_string(losses) + " times without getting anywhere");
  return true;
}

}  // namespace

std::string_view name_of(TaskState state) {
  for (const auto& [word, one] : kStates) {
    if (one == state) return word;
  }
  return "unknown";
}

void Queue::add(soci::session& sql, const NewTask& task, std::int64_t now_us) {
  // Ids count up, so that they tell the age. (SQLite needs the WHERE to see where the SELECT ends.)
  sql << "INSERT INTO tasks (id, video, kind, key, rank, spec, lease, worker, lease_ends, "
         "progress, "
         "failures, losses, reason, state, created) "
         "SELECT COALESCE(MAX(id), 0) + 1, :video, :kind, :key, :rank, :spec, '', '', 0, 0, 0, 0, "
         "'', 'waiting', :now FROM tasks WHERE 1 = 1 ON CONFLICT DO NOTHING",
      soci::use(task.video), soci::use(task.kind), soci::use(task.key), soci::use(task.rank),
      soci::use(task.spec), soci::use(now_us);
}

base::Result<std::optional<Lease>> Queue::lease(std::string_view worker,
                                                const std::vector<TaskKind>& kinds) {
  const std::string name(package::cut_utf8(worker, kWorkerBytesMax));
  const std::int64_t now = base::wall_us(clock_);
  const std::int64_t ends =
      now + std::chrono::duration_cast<std::chrono::microseconds>(limits_.lease_time).count();
  return database_.write([&](soci::session& sql) -> base::Result<std::optional<Lease>> {
    std::optional<Lease> best;
    std::int64_t best_rank = 0;
    for (const TaskKind kind : kinds) {
      Lease found;
      std::int64_t rank = 0;
      sql << "SELECT id, rank, video, kind, key, spec FROM tasks "
             "WHERE state = 'waiting' AND kind = :kind ORDER BY rank, id LIMIT 1",
          soci::use(kind), soci::into(found.task), soci::into(rank), soci::into(found.video),
          soci::into(found.kind), soci::into(found.key), soci::into(found.spec);
      if (!sql.got_data()) continue;
      if (best && std::pair(best_rank, best->task) < std::pair(rank, found.task)) continue;
      best = std::move(found);
      best_rank = rank;
    }
    if (!best) return best;
    best->id = base::random_name(kLeaseIdLength);
    sql << "UPDATE tasks SET state = 'leased', lease = :lease, worker = :worker, "
           "lease_ends = :ends WHERE id = :id",
        soci::use(best->id), soci::use(name), soci::use(ends), soci::use(best->task);
    return best;
  });
}

base::Result<void> Queue::heartbeat(std::int64_t task, std::string_view lease,
                                    std::int64_t position_us) {
  const std::int64_t now = base::wall_us(clock_);
  const std::int64_t ends =
      now + std::chrono::duration_cast<std::chrono::microseconds>(limits_.lease_time).count();
  return database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto good = leased(sql, task, lease, now); !good) return std::unexpected(good.error());
    sql << "UPDATE tasks SET lease_ends = :ends, "
           "losses = CASE WHEN progress < :position THEN 0 ELSE losses END, "
           "progress = CASE WHEN progress < :again THEN :more ELSE progress END WHERE id = :id",
        soci::use(ends), soci::use(position_us), soci::use(position_us), soci::use(position_us),
        soci::use(task);
    return {};
  });
}

base::Result<Queue::Missing> Queue::complete(std::int64_t task, std::string_view lease,
                                             const Finish& finish) {
  const std::int64_t now = base::wall_us(clock_);
  return database_.write([&](soci::session& sql) -> base::Result<Missing> {
    const auto good = leased(sql, task, lease, now);
    if (!good) return std::unexpected(good.error());
    auto missing = finish(sql, *good);
    if (!missing || !missing->empty()) return missing;
    sql << "UPDATE tasks SET state = 'done', lease = '', reason = '' WHERE id = :id",
        soci::use(task);
    return missing;
  });
}

base::Result<void> Queue::fail(std::int64_t task, std::string_view lease, std::string_view reason,
                               Verdict verdict, const AndThen& on_parked) {
  const std::int64_t now = base::wall_us(clock_);
  const std::string why(package::cut_utf8(reason, kReasonBytesMax));
  return database_.write([&](soci::session& sql) -> base::Result<void> {
    const auto good = leased(sql, task, lease, now);
    if (!good) return std::unexpected(good.error());
    int failures = 0;
    sql << "SELECT failures FROM tasks WHERE id = :id", soci::use(task), soci::into(failures);
    ++failures;
    sql << "UPDATE tasks SET failures = :failures, reason = :reason WHERE id = :id",
        soci::use(failures), soci::use(why), soci::use(task);
    if (verdict == Verdict::kMayBeTriedAgain && failures < limits_.failures_max) {
      release(sql, task);
      return {};
    }
    park(sql, task, why);
    return on_parked(sql, *good);
  });
}

base::Result<void> Queue::give_back(std::int64_t task, std::string_view lease) {
  const std::int64_t now = base::wall_us(clock_);
  return database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto good = leased(sql, task, lease, now); !good) return std::unexpected(good.error());
    release(sql, task);
    return {};
  });
}

base::Result<Lease> Queue::check(std::int64_t task, std::string_view lease) {
  return database_.read([&](soci::session& sql) { return check(sql, task, lease); });
}

base::Result<Lease> Queue::check(soci::session& sql, std::int64_t task,
                                 std::string_view lease) const {
  return leased(sql, task, lease, base::wall_us(clock_));
}

base::Result<void> Queue::retry(std::int64_t task, const AndThen& and_then) {
  return database_.write([&](soci::session& sql) -> base::Result<void> {
    Lease parked{.task = task};
    sql << "SELECT video, kind, key FROM tasks WHERE id = :id AND state = 'parked'",
        soci::use(task), soci::into(parked.video), soci::into(parked.kind), soci::into(parked.key);
    if (!sql.got_data()) {
      return base::fail(ErrorCode::kNotFound, "no such task is parked", base::Blame::kClient);
    }
    sql << "UPDATE tasks SET failures = 0, losses = 0, reason = '' WHERE id = :id", soci::use(task);
    release(sql, task);
    return and_then(sql, parked);
  });
}

base::Result<std::vector<TaskView>> Queue::list(std::int64_t owner, std::string_view video) {
  const std::string of(video);
  return database_.read([&](soci::session& sql) -> base::Result<std::vector<TaskView>> {
    TaskView row;
    std::string state;
    soci::statement select =
        (sql.prepare << "SELECT tasks.id, tasks.video, kind, key, worker, reason, state, progress, "
                        "failures, losses FROM tasks JOIN videos ON videos.id = tasks.video "
                        "WHERE videos.owner = :owner AND " +
                            std::string(of.empty() ? "state <> 'done' AND :video = ''"
                                                   : "tasks.video = :video") +
                            " ORDER BY tasks.id DESC LIMIT " + std::to_string(kListMax),
         soci::use(owner), soci::use(of), soci::into(row.id), soci::into(row.video),
         soci::into(row.kind), soci::into(row.key), soci::into(row.worker), soci::into(row.reason),
         soci::into(state), soci::into(row.progress_us), soci::into(row.failures),
         soci::into(row.losses));
    select.execute();
    std::vector<TaskView> tasks;
    while (select.fetch()) {
      row.state = state_of(state);
      tasks.push_back(row);
    }
    return tasks;
  });
}

base::Result<std::string> Queue::video_of(std::int64_t task) {
  return database_.read([&](soci::session& sql) -> base::Result<std::string> {
    std::string video;
    sql << "SELECT video FROM tasks WHERE id = :id", soci::use(task), soci::into(video);
    if (!sql.got_data()) {
      return base::fail(ErrorCode::kNotFound, "no such task", base::Blame::kClient);
    }
    return video;
  });
}

base::Result<int> Queue::expire(const AndThen& on_parked) {
  const std::int64_t now = base::wall_us(clock_);
  return database_.write([&](soci::session& sql) -> base::Result<int> {
    Lease row;
    int losses = 0;
    std::vector<std::pair<Lease, int>> expired;
    soci::statement select = (sql.prepare << "SELECT id, video, kind, key, losses FROM tasks "
                                             "WHERE state = 'leased' AND lease_ends < :now",
                              soci::use(now), soci::into(row.task), soci::into(row.video),
                              soci::into(row.kind), soci::into(row.key), soci::into(losses));
    select.execute();
    while (select.fetch()) expired.emplace_back(row, losses);
    for (const auto& [task, lost] : expired) {
      if (!lose(sql, task.task, lost, limits_.losses_max)) continue;
      if (auto then = on_parked(sql, task); !then) return std::unexpected(then.error());
    }
    return static_cast<int>(expired.size());
  });
}

}  // namespace origin
