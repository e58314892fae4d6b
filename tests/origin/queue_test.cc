#include "origin/tasks/queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

base::Result<void> nothing(soci::session&, const Lease&) { return {}; }
base::Result<Queue::Missing> nothing_missing(soci::session&, const Lease&) { return {}; }

class QueueTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!TestDatabase::has(GetParam())) GTEST_SKIP() << "no PostgreSQL server on this machine";
    database_ = test_.make(GetParam());
    queue_ = std::make_unique<Queue>(*database_, clock_, QueueLimits{.lease_time = 60s});
    add_video("v", 1);
  }

  void add_video(const std::string& id, std::int64_t owner) {
    ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      sql << "INSERT INTO videos (id, owner, title, file_name, size, created, access, failure, "
             "probe, kept_source) VALUES (:id, :owner, '', '', 0, 0, 'public', '', '', 1)",
          soci::use(id), soci::use(owner);
      return {};
    }));
  }

  void add(const std::string& key, std::int64_t rank = 0, TaskKind kind = TaskKind::kProbe) {
    ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      Queue::add(sql, {.video = "v", .kind = kind, .key = key, .rank = rank, .spec = "{}"}, 0);
      return {};
    }));
  }
  std::optional<Lease> lease(const std::vector<TaskKind>& kinds = {TaskKind::kProbe}) {
    auto leased = queue_->lease("w", kinds);
    EXPECT_TRUE(leased) << leased.error().context;
    return *leased;
  }
  TaskView only() {
    const auto tasks = queue_->list(1, "v");
    EXPECT_EQ(tasks->size(), 1u);
    return tasks->front();
  }
  base::Result<void> fail(const Lease& task, Queue::Verdict verdict) {
    return queue_->fail(task.task, task.id, "it broke", verdict,
                        [this](soci::session&, const Lease&) -> base::Result<void> {
                          ++parked_;
                          return {};
                        });
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Queue> queue_;
  int parked_ = 0;
};

TEST_P(QueueTest, GivesTheLowestRankFirstThenTheOldest) {
  add("late", 5);
  add("a", 1);
  add("b", 1);
  add("other", 0, TaskKind::kImages);
  EXPECT_EQ(lease()->key, "a");
  EXPECT_EQ(lease()->key, "b");
  EXPECT_EQ(lease({TaskKind::kImages, TaskKind::kProbe})->key, "other");
  EXPECT_EQ(lease()->key, "late");
  EXPECT_FALSE(lease());
}

TEST(TaskKinds, EachHasItsWord) {
  for (const auto& [word, kind] : kTaskKinds) {
    EXPECT_EQ(name_of(kind), word);
    EXPECT_EQ(task_kind_of(word), kind);
  }
  EXPECT_EQ(task_kind_of("Probe"), std::nullopt);
}

TEST_P(QueueTest, ATaskOfAnUnknownKindIsAnErrorAndNoOtherKind) {
  add("a");
  ASSERT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
    sql << "UPDATE tasks SET kind = 'dub'";
    return {};
  }));
  EXPECT_FALSE(lease());
  const auto listed = queue_->list(1, "v");
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().context.find("the unknown kind \"dub\""), std::string::npos);
}

TEST_P(QueueTest, AnOwnerSeesHisOwnTasksHoweverManyOthersHave) {
  add_video("w", 2);
  add("mine");
  ASSERT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
    for (int i = 0; i <= Queue::kListMax; ++i) {
      Queue::add(
          sql, {.video = "w", .kind = TaskKind::kProbe, .key = std::to_string(i), .spec = "{}"}, 0);
    }
    return {};
  }));
  ASSERT_EQ(queue_->list(1, "")->size(), 1U);
  EXPECT_EQ(queue_->list(1, "")->front().key, "mine");
  EXPECT_EQ(queue_->list(2, "")->size(), std::size_t{Queue::kListMax});
  EXPECT_EQ(queue_->list(2, "")->front().key, std::to_string(Queue::kListMax)) << "newest first";
  EXPECT_TRUE(queue_->list(1, "w")->empty());
  EXPECT_TRUE(queue_->list(3, "")->empty());
}

TEST_P(QueueTest, DoneTasksAreShownOfOneVideoAlone) {
  add("a");
  const auto task = lease();
  ASSERT_TRUE(queue_->complete(task->task, task->id, nothing_missing));
  EXPECT_TRUE(queue_->list(1, "")->empty());
  EXPECT_EQ(queue_->list(1, "v")->size(), 1U);
}

TEST_P(QueueTest, TheSameWorkIsOneTask) {
  add("a");
  add("a");
  EXPECT_TRUE(lease());
  EXPECT_FALSE(lease());
}

TEST_P(QueueTest, WhatFollowsIsDoneWithTheCompletionOrNotAtAll) {
  add("a");
  const Lease task = *lease();
  EXPECT_EQ(queue_
                ->complete(task.task, task.id,
                           [](soci::session& sql, const Lease&) -> base::Result<Queue::Missing> {
                             Queue::add(sql, {.kind = TaskKind::kProbe, .key = "next"}, 0);
                             return base::fail(ErrorCode::kInvalid, "it does not follow");
                           })
                .error()
                .context,
            "it does not follow");
  EXPECT_EQ(only().state, TaskState::kLeased);
  EXPECT_FALSE(lease()) << "nothing followed";
  EXPECT_TRUE(queue_->complete(task.task, task.id, nothing_missing));
  EXPECT_EQ(only().state, TaskState::kDone);
  EXPECT_EQ(queue_->complete(task.task, task.id, nothing_missing).error().code, ErrorCode::kBusy);
}

TEST_P(QueueTest, WithSomethingMissingItIsNotDone) {
  add("a");
  const Lease task = *lease();
  const auto one_missing = [](soci::session&, const Lease&) -> base::Result<Queue::Missing> {
    return Queue::Missing{"720p/0/seg/1"};
  };
  EXPECT_EQ(*queue_->complete(task.task, task.id, one_missing), Queue::Missing{"720p/0/seg/1"});
  EXPECT_EQ(only().state, TaskState::kLeased);
  EXPECT_TRUE(queue_->check(task.task, task.id));
}

TEST_P(QueueTest, ALeaseThatRanOutIsGoodForNothing) {
  add("a");
  const Lease lost = *lease();
  clock_.advance(61s);
  EXPECT_EQ(queue_->heartbeat(lost.task, lost.id, 1).error().code, ErrorCode::kBusy);
  EXPECT_EQ(queue_->expire(nothing), 1);
  const Lease now = *lease();
  EXPECT_EQ(now.key, "a");
  EXPECT_NE(now.id, lost.id);
  for (const auto& done :
       {queue_->heartbeat(lost.task, lost.id, 1), fail(lost, Queue::Verdict::kFinal),
        queue_->give_back(lost.task, lost.id)}) {
    EXPECT_EQ(done.error().code, ErrorCode::kBusy);
  }
  EXPECT_EQ(queue_->complete(lost.task, lost.id, nothing_missing).error().code, ErrorCode::kBusy);
  EXPECT_TRUE(queue_->check(now.task, now.id));
}

TEST_P(QueueTest, HeartbeatsKeepALease) {
  add("a");
  const Lease task = *lease();
  for (int i = 0; i < 5; ++i) {
    clock_.advance(50s);
    ASSERT_TRUE(queue_->heartbeat(task.task, task.id, i * 1'000));
    EXPECT_EQ(queue_->expire(nothing), 0);
  }
  EXPECT_EQ(only().progress_us, 4'000);
}

TEST_P(QueueTest, TheThirdFailureParksAndAFinalOneAtOnce) {
  add("a");
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(fail(*lease(), Queue::Verdict::kMayBeTriedAgain));
    EXPECT_EQ(only().state, TaskState::kWaiting);
  }
  ASSERT_TRUE(fail(*lease(), Queue::Verdict::kMayBeTriedAgain));
  EXPECT_EQ(only().state, TaskState::kParked);
  EXPECT_EQ(only().reason, "it broke");
  EXPECT_EQ(parked_, 1);
  EXPECT_FALSE(lease());

  ASSERT_TRUE(queue_->retry(only().id, nothing));
  EXPECT_EQ(only().failures, 0);
  ASSERT_TRUE(fail(*lease(), Queue::Verdict::kFinal));
  EXPECT_EQ(only().state, TaskState::kParked);
  EXPECT_EQ(parked_, 2);
  EXPECT_EQ(queue_->retry(12345, nothing).error().code, ErrorCode::kNotFound);
}

// PostgreSQL takes no text that ends within a character.
TEST_P(QueueTest, LongReasonsAndNamesAreCutBetweenCharacters) {
  add("k");
  const auto task = queue_->lease(std::string(199, 'w') + "\u00e9", {TaskKind::kProbe});
  ASSERT_TRUE(task) << task.error().context;
  EXPECT_EQ(only().worker, std::string(199, 'w'));
  const auto failed = queue_->fail(
      (*task)->task, (*task)->id, std::string(1'999, 'r') + "\u00e9", Queue::Verdict::kFinal,
      [](soci::session&, const Lease&) -> base::Result<void> { return {}; });
  ASSERT_TRUE(failed) << failed.error().context;
  EXPECT_EQ(only().reason, std::string(1'999, 'r'));
}

TEST_P(QueueTest, TenLossesWithoutProgressParkAndProgressForgivesThem) {
  add("a");
  const auto lose = [this](std::int64_t position) {
    const auto task = lease();
    ASSERT_TRUE(task);
    ASSERT_TRUE(queue_->heartbeat(task->task, task->id, position));
    clock_.advance(61s);
    ASSERT_EQ(queue_->expire(nothing), 1);
  };
  for (int i = 0; i < 9; ++i) lose(0);
  EXPECT_EQ(only().losses, 9);
  lose(500);
  EXPECT_EQ(only().losses, 1) << "it got further";
  for (int i = 0; i < 9; ++i) lose(500);
  EXPECT_EQ(only().state, TaskState::kParked);
  EXPECT_NE(only().reason.find("vanished 10 times"), std::string::npos);
}

TEST_P(QueueTest, GivenBackItWaitsAgainAndNothingIsCounted) {
  add("a");
  const Lease task = *lease();
  ASSERT_TRUE(queue_->give_back(task.task, task.id));
  EXPECT_EQ(only().state, TaskState::kWaiting);
  EXPECT_EQ(only().failures + only().losses, 0);
}

TEST_P(QueueTest, ManyWorkersNeverShareATask) {
  constexpr int kTasks = 40;
  for (int i = 0; i < kTasks; ++i) add("t" + std::to_string(i));
  base::Mutex mutex;
  std::multiset<std::string> given;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        while (true) {
          const auto task = queue_->lease("w", {TaskKind::kProbe});
          if (!task && task.error().code == ErrorCode::kOverloaded) continue;
          ASSERT_TRUE(task);
          if (!*task) return;
          const base::MutexLock lock(mutex);
          given.insert((*task)->key);
        }
      });
    }
  }
  EXPECT_EQ(given.size(), static_cast<std::size_t>(kTasks));
  EXPECT_EQ(std::set(given.begin(), given.end()).size(), static_cast<std::size_t>(kTasks));
}

INSTANTIATE_TEST_SUITE_P(Engines, QueueTest, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace origin
