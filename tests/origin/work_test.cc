#include "origin/tasks/work.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/origin/test_database.h"
#include "tests/package/box_bytes.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Two groups of two frames, one segment each. docs/worker-protocol.md.
constexpr const char* kSpec = R"({"rate": [12800, 512], "gop": 2, "segment": 2, "unit": 0,
    "first": 0, "frames": 4, "rungs": [{"name": "720p", "width": 1280, "height": 720}]})";

class WorkTest : public testing::Test {
 protected:
  WorkTest()
      : database_(test_.make(Engine::kSqlite)),
        queue_(*database_, clock_, QueueLimits{.lease_time = 60s}),
        objects_(root_),
        work_(*database_, queue_, objects_, {}) {
    fs::create_directories(root_);
    add(kSpec);
    task_ = **queue_.lease("w", {"transcode"});
  }

  void add(const std::string& spec) {
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      Queue::add(sql, {.video = "v", .kind = "transcode", .key = "v/0", .spec = spec}, 0);
      return {};
    }));
  }
  void run(const std::string& statement) {
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      sql << statement;
      return {};
    }));
  }
  int stored() {
    return *database_->read([](soci::session& sql) -> base::Result<int> {
      int count = 0;
      sql << "SELECT COUNT(*) FROM outputs", soci::into(count);
      return count;
    });
  }
  base::Result<Work::Stored> store(const std::string& key, const std::string& bytes) {
    return work_.store(task_, {.key = key, .bytes = bytes});
  }
  std::string refusal(const std::string& key, const std::string& bytes) {
    const auto done = store(key, bytes);
    if (done) return "was stored";
    EXPECT_EQ(done.error().code, ErrorCode::kInvalid);
    return done.error().context;
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  Queue queue_;
  const fs::path root_ = test_.directory() / "objects";
  ObjectWriter objects_;
  Work work_;
  Lease task_;
  const std::string init_ = package::init_segment(package::avc_entry());
  const std::string first_ = package::fragment(0, {900, 10});
  const std::string second_ = package::fragment(2 * 512, {800, 10});
};

TEST_F(WorkTest, ATaskIsDoneWhenItsOutputsAreThere) {
  EXPECT_EQ(store("720p/0/init", init_), Work::Stored::kNew);
  EXPECT_EQ(store("720p/0/seg/0", first_), Work::Stored::kNew);
  EXPECT_EQ(store("720p/0/seg/0", first_), Work::Stored::kThereAlready);
  EXPECT_EQ(*work_.complete(task_, {}), std::vector<std::string>{"720p/0/seg/1"});
  EXPECT_EQ(store("720p/0/seg/1", second_), Work::Stored::kNew);
  EXPECT_TRUE(work_.complete(task_, {})->empty());
  EXPECT_EQ(stored(), 3);
}

TEST_F(WorkTest, WhatWasNotPlannedIsRefused) {
  EXPECT_EQ(refusal("720p/0/seg/0", first_), "720p/0/seg/0: store 720p/0/init before it");
  EXPECT_EQ(refusal("720p/1/init", init_), "this task leaves no output \"720p/1/init\"");
  ASSERT_TRUE(store("720p/0/init", init_));
  EXPECT_EQ(refusal("720p/0/seg/0", second_), "720p/0/seg/0: its start is 1024, planned was 0");
  EXPECT_EQ(stored(), 1);
}

TEST_F(WorkTest, AnInitSegmentMustBeThatOfTheOtherUnits) {
  run("INSERT INTO outputs (video, key, rendition, unit, object, size, hash, about, last) "
      "VALUES ('v', '720p/1/init', '720p', 1, 'o', 1, 'another', '{}', 0)");
  EXPECT_EQ(refusal("720p/0/init", init_),
            "720p/0/init: it differs from the other units' init segments");
}

TEST_F(WorkTest, ALeaseThatEndsWhileAnOutputIsOnItsWayStoresNothing) {
  ASSERT_TRUE(store("720p/0/init", init_));
  clock_.advance(61s);
  const auto late = store("720p/0/seg/0", first_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kBusy);
  EXPECT_EQ(stored(), 1);
}

TEST_F(WorkTest, AnOutputOfAVideoThatIsGoneLeavesNothing) {
  ASSERT_TRUE(store("720p/0/init", init_));
  run("DELETE FROM tasks");
  const auto late = store("720p/0/seg/0", first_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(root_ / "media/v"));
}

TEST_F(WorkTest, ASpecThatIsNotOursIsAnErrorAndNoCrash) {
  task_.spec = "[]";
  const auto done = store("720p/0/init", init_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace origin
