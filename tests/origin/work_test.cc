#include "origin/tasks/work.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "origin/local_store.h"
#include "origin/videos/gone_objects.h"
#include "tests/origin/no_file_can_be_opened.h"
#include "tests/origin/test_database.h"
#include "tests/origin/told_probe.h"
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
  explicit WorkTest(Ladder ladder = {})
      : database_(test_.make(Engine::kSqlite)),
        queue_(*database_, clock_, QueueLimits{.lease_time = 60s}),
        objects_(root_),
        publisher_(*database_, objects_),
        work_(*database_, queue_, objects_, publisher_, clock_, std::move(ladder)) {
    fs::create_directories(root_);
    add(kSpec);
    task_ = **queue_.lease("w", {TaskKind::kTranscode});
  }

  void add(const std::string& spec) {
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      Queue::add(sql, {.video = "v", .kind = TaskKind::kTranscode, .key = "v/0", .spec = spec}, 0);
      return {};
    }));
  }
  // That the fixture's task is of.
  void add_video() {
    run("INSERT INTO videos (id, owner, title, file_name, size, created, access, failure, probe, "
        "kept_source) VALUES ('v', 1, '', '', 0, 0, 'public', '', '', 1)");
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
  Publisher publisher_;
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
  EXPECT_TRUE(fs::is_empty(root_ / "media/v/720p"));
}

TEST_F(WorkTest, AnInitSegmentThatWasThereStaysWhenItIsRefused) {
  add_video();
  ASSERT_TRUE(store("720p/0/init", init_));
  const auto object = fs::directory_iterator(root_ / "media/v/720p")->path();
  run("INSERT INTO outputs (video, key, rendition, unit, object, size, hash, about, last) "
      "VALUES ('v', '720p/1/init', '720p', 1, 'o', 1, 'another', '{}', 0)");
  refusal("720p/0/init", init_);
  EXPECT_TRUE(fs::exists(object));
}

TEST_F(WorkTest, ALeaseThatEndsWhileAnOutputIsOnItsWayStoresNothing) {
  add_video();
  ASSERT_TRUE(store("720p/0/init", init_));
  clock_.advance(61s);
  const auto late = store("720p/0/seg/0", first_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kBusy);
  EXPECT_EQ(stored(), 1);
  EXPECT_TRUE(fs::exists(root_ / "media/v")) << "of a video that is still there";
}

TEST_F(WorkTest, AnOutputOfAVideoThatIsGoneLeavesNothing) {
  ASSERT_TRUE(store("720p/0/init", init_));
  run("DELETE FROM tasks");
  const auto late = store("720p/0/seg/0", first_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(root_ / "media/v"));
}

TEST_F(WorkTest, NorDoesItWhenAnotherTaskHasItsIdMeanwhile) {
  ASSERT_TRUE(store("720p/0/init", init_));
  run("DELETE FROM tasks");
  add(kSpec);
  const auto late = store("720p/0/seg/0", first_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kBusy);
  EXPECT_FALSE(fs::exists(root_ / "media/v"));
}

// A power cut would take what a worker sent and what another's attempt has put in place already.
TEST_F(WorkTest, AnObjectThatIsThereHasARowOnlyWhenItsDirectoryIsSynced) {
  ASSERT_TRUE(store("720p/0/init", init_));
  ASSERT_TRUE(store("720p/0/seg/0", first_));
  run("DELETE FROM outputs WHERE key = '720p/0/seg/0'");
  {
    const NoFileCanBeOpened none;
    const auto done = store("720p/0/seg/0", first_);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kIo);
  }
  EXPECT_EQ(stored(), 1);
  EXPECT_EQ(store("720p/0/seg/0", first_), Work::Stored::kThereAlready);
}

TEST_F(WorkTest, ASpecThatIsNotOursIsAnErrorAndNoCrash) {
  task_.spec = "[]";
  const auto done = store("720p/0/init", init_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
}

std::string jpeg(int width, int height) {
  using namespace std::string_literals;
  const auto two = [](int value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value)};
  };
  return "\xff\xd8\xff\xc0\x00\x0b\x08"s + two(height) + two(width) +
         "\x01\x01\x11\x00\xff\xda\x00\x02xx\xff\xd9"s;
}

// A video with pictures alone, as a probe found it.
class ImagesWorkTest : public WorkTest {
 protected:
  explicit ImagesWorkTest(std::int64_t duration_us = 1'000'000, Ladder ladder = {})
      : WorkTest(std::move(ladder)) {
    run("INSERT INTO videos (id, owner, title, file_name, size, created, access, failure, probe, "
        "kept_source) VALUES ('film', 1, 't', 'f', 1, 0, 'public', '', '', 1)");
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      Queue::add(sql,
                 {.video = "film", .kind = TaskKind::kProbe, .key = "film/probe", .spec = "{}"}, 0);
      return {};
    }));
    const Lease probe = **queue_.lease("w", {TaskKind::kProbe});
    nlohmann::json told = told_probe(duration_us);
    told["video"] = told_video(1'280, 720);
    EXPECT_TRUE(work_.complete(probe, told)->empty());
  }
  std::vector<std::string> keys_in_order() {
    std::vector<std::string> keys;
    while (const auto task = *queue_.lease("w", {TaskKind::kTranscode, TaskKind::kImages}))
      keys.push_back(task->key);
    return keys;
  }
  std::string text(const std::string& query) {
    return *database_->read([&](soci::session& sql) -> base::Result<std::string> {
      std::string value;
      sql << query, soci::into(value);
      return value;
    });
  }
  std::string revision() {
    return text("SELECT CAST(revision AS TEXT) FROM videos WHERE id = 'film'");
  }
  void complete_images() {
    task_ = **queue_.lease("w", {TaskKind::kImages});
    ASSERT_EQ(store("images/0/sheet/0", jpeg(160, 90)), Work::Stored::kNew);
    EXPECT_EQ(*work_.complete(task_, {}), std::vector<std::string>{"images/0/poster"});
    ASSERT_EQ(store("images/0/poster", jpeg(1'280, 720)), Work::Stored::kNew);
    EXPECT_TRUE(work_.complete(task_, {})->empty());
  }
  void plan_rung_of_two_units() {
    run("INSERT INTO renditions (video, name, kind, rank, units, spec, published) "
        "VALUES ('film', '100p', 'video', 1, 2, '{\"width\": 1280, \"height\": 720, \"rate\": "
        "[12800, 512], \"duration\": 4096}', 0)");
  }
  void complete_unit(int unit) {
    const std::string name = "100p/" + std::to_string(unit);
    const std::string spec =
        R"({"rate": [12800, 512], "gop": 2, "segment": 2, "unit": )" + std::to_string(unit) +
        R"(, "first": )" + std::to_string(4 * unit) +
        R"(, "frames": 4, "rungs": [{"name": "100p", "width": 1280, "height": 720}]})";
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      Queue::add(sql, {.video = "film", .kind = TaskKind::kTranscode, .key = name, .spec = spec},
                 0);
      return {};
    }));
    task_ = **queue_.lease("w", {TaskKind::kTranscode});
    ASSERT_TRUE(store(name + "/init", init_));
    for (const int segment : {2 * unit, 2 * unit + 1}) {
      const auto start = static_cast<std::uint64_t>(segment) * 2 * 512;
      ASSERT_TRUE(
          store(name + "/seg/" + std::to_string(segment), package::fragment(start, {900, 10})));
    }
    EXPECT_TRUE(work_.complete(task_, {})->empty());
  }
  // Of objects of the film.
  std::vector<std::string> etags(const std::vector<std::string>& names) {
    const auto store = LocalStore::at(root_, clock_);
    std::vector<std::string> etags;
    for (const std::string& name : names) {
      const auto object = store->open("media/film/" + name);
      EXPECT_TRUE(object) << name;
      etags.push_back(object ? (*object)->info().etag : "");
    }
    return etags;
  }
};

TEST_F(WorkTest, AProbeResultThatMakesNoSenseMakesNoTasks) {
  add_video();
  EXPECT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
    Queue::add(sql, {.video = "v", .kind = TaskKind::kProbe, .key = "v/probe", .spec = "{}"}, 0);
    return {};
  }));
  const Lease probe = **queue_.lease("w", {TaskKind::kProbe});
  nlohmann::json told = told_probe(1'000'000);
  told["audio"] = told_audio();
  told["audio"].erase("start_us");
  const auto refused = work_.complete(probe, told);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kProtocol);
  EXPECT_EQ(work_.complete(probe, told_probe(0)).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(*queue_.lease("w", {TaskKind::kAudio}));
  told["audio"] = told_audio();
  EXPECT_TRUE(work_.complete(probe, told)) << "the lease is as good as it was";
  EXPECT_TRUE(*queue_.lease("w", {TaskKind::kAudio}));
}

TEST_F(ImagesWorkTest, ImagesOfAShortVideoComeAfterAllRungs) {
  EXPECT_EQ(keys_in_order(),
            (std::vector<std::string>{"film/lowest/0", "film/rest/0", "film/images"}));
}

class LongVideoWorkTest : public ImagesWorkTest {
 protected:
  LongVideoWorkTest() : ImagesWorkTest(600'000'000) {}
};

TEST_F(LongVideoWorkTest, ImagesComeAfterTheLowestRungAndBeforeTheRest) {
  const std::vector<std::string> keys = keys_in_order();
  const auto units = static_cast<std::ptrdiff_t>((keys.size() - 1) / 2);
  ASSERT_GT(units, 1);
  EXPECT_EQ(std::ranges::find(keys, "film/images") - keys.begin(), units);
  EXPECT_EQ(keys.front(), "film/lowest/0");
  EXPECT_EQ(keys[static_cast<std::size_t>(units) + 1], "film/rest/0");
}

class OneGoWorkTest : public ImagesWorkTest {
 protected:
  OneGoWorkTest() : ImagesWorkTest(1'000'000, {.first_rung = FirstRung::kWithOthers}) {}
};

TEST_F(OneGoWorkTest, AllRungsOfAUnitAreOneTask) {
  const std::string spec =
      text("SELECT spec FROM tasks WHERE kind = 'transcode' AND video = 'film'");
  for (const char* rung : {"234p", "360p", "540p", "720p"}) {
    EXPECT_NE(spec.find(rung), std::string::npos) << rung;
  }
  EXPECT_EQ(keys_in_order(), (std::vector<std::string>{"film/all/0", "film/images"}));
}

TEST_F(ImagesWorkTest, AVideoDoesWithoutItsImages) {
  const Lease images = **queue_.lease("w", {TaskKind::kImages});
  ASSERT_TRUE(work_.fail(images, "no picture", Queue::Verdict::kFinal));
  EXPECT_EQ(text("SELECT failure FROM videos WHERE id = 'film'"), "");
  EXPECT_EQ(text("SELECT state || reason FROM tasks WHERE kind = 'images'"), "parkedno picture");
  // Nor does trying again clear what else is wrong with it.
  run("UPDATE videos SET failure = 'no sound' WHERE id = 'film'");
  ASSERT_TRUE(work_.retry(images.task));
  EXPECT_EQ(text("SELECT state FROM tasks WHERE kind = 'images'"), "waiting");
  EXPECT_EQ(text("SELECT failure FROM videos WHERE id = 'film'"), "no sound");
}

TEST_F(ImagesWorkTest, AVideoHasFailedForAsLongAsATaskThatItNeedsIsParked) {
  const Lease lowest = **queue_.lease("w", {TaskKind::kTranscode});
  const Lease rest = **queue_.lease("w", {TaskKind::kTranscode});
  const Lease images = **queue_.lease("w", {TaskKind::kImages});
  ASSERT_TRUE(work_.fail(images, "no picture", Queue::Verdict::kFinal));
  ASSERT_TRUE(work_.fail(lowest, "the lowest broke", Queue::Verdict::kFinal));
  ASSERT_TRUE(work_.fail(rest, "the rest broke", Queue::Verdict::kFinal));
  ASSERT_TRUE(work_.retry(rest.task));
  EXPECT_EQ(text("SELECT failure FROM videos WHERE id = 'film'"), "the lowest broke");
  ASSERT_TRUE(work_.retry(lowest.task));
  EXPECT_EQ(text("SELECT failure FROM videos WHERE id = 'film'"), "");
}

TEST_F(ImagesWorkTest, ThePosterIsThereBeforeAnythingCanBePlayed) {
  complete_images();
  EXPECT_TRUE(fs::exists(root_ / "media/film/poster.jpg"));
  EXPECT_FALSE(fs::exists(root_ / "media/film/storyboard.vtt"));
  EXPECT_EQ(text("SELECT name FROM renditions WHERE published = 1"), "images");
}

TEST_F(ImagesWorkTest, ATaskThatCompletesNoRenditionChangesNoManifest) {
  plan_rung_of_two_units();
  const std::string before = revision();
  complete_unit(0);
  EXPECT_EQ(revision(), before);
  EXPECT_FALSE(fs::exists(root_ / "media/film/master.m3u8"));
  complete_unit(1);
  EXPECT_NE(revision(), before);
  EXPECT_TRUE(fs::exists(root_ / "media/film/master.m3u8"));
}

TEST_F(ImagesWorkTest, WhatIsPublishedAgainAsItWasKeepsItsETag) {
  plan_rung_of_two_units();
  complete_unit(0);
  complete_unit(1);
  complete_images();
  const std::vector<std::string> unchanged{"poster.jpg", "storyboard.vtt", "100p/video.m3u8"};
  const std::vector<std::string> before = etags(unchanged);
  const std::vector<std::string> master = etags({"master.m3u8"});
  run("UPDATE videos SET title = 'another', revision = revision + 1 WHERE id = 'film'");
  ASSERT_TRUE(publisher_.catch_up());
  EXPECT_EQ(etags(unchanged), before);
  EXPECT_NE(etags({"master.m3u8"}), master) << "it has the title";
}

TEST_F(ImagesWorkTest, WhatIsBehindIsWrittenAfterACrash) {
  ASSERT_TRUE(publisher_.catch_up());
  EXPECT_TRUE(videos_behind(*database_)->empty());
  run("UPDATE videos SET revision = revision + 1");
  EXPECT_EQ(*videos_behind(*database_), std::vector<std::string>{"film"});
  ASSERT_TRUE(publisher_.catch_up());
  EXPECT_TRUE(videos_behind(*database_)->empty());
}

// A rendition that is whole by its rows: one unit of one segment.
void add_whole(soci::session& sql, const std::string& video, const std::string& about) {
  const std::string spec = R"({"width": 1280, "height": 720, "rate": [25, 1], "duration": 1024})";
  sql << "INSERT INTO videos (id, owner, title, file_name, size, created, access, failure, "
         "probe, "
         "kept_source, revision) VALUES (:id, 1, 't', '', 0, 0, 'public', '', '{}', 1, 1)",
      soci::use(video);
  sql << "INSERT INTO renditions (video, name, kind, rank, units, spec, published) "
         "VALUES (:video, '720p', 'video', 1, 1, :spec, 0)",
      soci::use(video), soci::use(spec);
  const std::string init = R"({"codec": "avc1.64001f"})";
  for (const auto& [key, last, says] :
       {std::tuple{"720p/0/init", 0, init}, std::tuple{"720p/0/seg/0", 1, about}}) {
    const std::string name = key;
    sql << "INSERT INTO outputs (video, key, rendition, unit, object, size, hash, about, last) "
           "VALUES (:video, :key, '720p', 0, 'o/x.m4s', 1000, 'h', :about, :last)",
        soci::use(video), soci::use(name), soci::use(says), soci::use(last);
  }
}

TEST_F(WorkTest, AVideoThatCanNotBePublishedKeepsNoOtherWaiting) {
  const std::string good =
      R"({"start": 0, "duration": 1024, "timescale": 12800, "i_frames": [[0, 900, 0]]})";
  ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
    add_whole(sql, "a", "{}");
    add_whole(sql, "b", good);
    add_whole(sql, "c", "no JSON");
    return {};
  }));
  ASSERT_FALSE(publisher_.publish("a"));
  ASSERT_TRUE(publisher_.catch_up());
  EXPECT_TRUE(fs::exists(root_ / "media/b/master.m3u8"));
  EXPECT_FALSE(fs::exists(root_ / "media/a"));
}

TEST_F(WorkTest, CollectsOldObjectsOfVideosThatAreGone) {
  for (const char* video : {"v", "gone", "young"}) {
    ASSERT_TRUE(objects_.put(std::string("media/") + video + "/720p/x.m4s", "bytes"));
    fs::last_write_time(root_ / "media" / video,
                        std::chrono::file_clock::from_sys(clock_.wall() - 25h));
  }
  fs::last_write_time(root_ / "media/young",
                      std::chrono::file_clock::from_sys(clock_.wall() - 23h));
  add_video();
  EXPECT_EQ(collect_gone_objects(*database_, objects_, clock_), 1);
  EXPECT_TRUE(fs::exists(root_ / "media/v/720p/x.m4s"));
  EXPECT_TRUE(fs::exists(root_ / "media/young"));
  EXPECT_FALSE(fs::exists(root_ / "media/gone"));
}

}  // namespace
}  // namespace origin
