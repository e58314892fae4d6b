#include "origin/videos/originals.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "origin/object_writer.h"
#include "origin/tasks/queue.h"
#include "origin/tasks/work.h"
#include "origin/videos/catalogue.h"
#include "tests/origin/owners_fixture.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

class OriginalsTest : public OwnersTest {
 protected:
  // All that was planned for it is published: one rung; the task of its images has that state.
  void make_ready(const std::string& video, const std::string& images = "done") {
    run("UPDATE tasks SET state = 'done' WHERE video = '" + video + "'");
    run("INSERT INTO tasks SELECT MAX(id) + 1, '" + video + "', 'images', '" + video +
        "/images', 0, '{}', '', '', 0, 0, 0, 0, '', '" + images + "', 0 FROM tasks");
    run("INSERT INTO renditions (video, name, kind, rank, units, spec, published) VALUES ('" +
        video + "', '720p', 'video', 1, 1, '{}', 1)");
    run("INSERT INTO renditions (video, name, kind, rank, units, spec, published) VALUES ('" +
        video + "', 'images', 'images', 1, 1, '{}', 0)");
  }
  bool is_kept(const std::string& video) { return catalogue_.get(video)->original_is_kept; }

  Originals originals_{*database_, ledger_, KeepOriginals::kUntilReady};
};

TEST_P(OriginalsTest, WithARemovedVideoItsOwnersQuotaIsFreeAndItsChunksGo) {
  const ChunkRef own = keep(1, std::string(60, 'x'));
  const ChunkRef shared = keep(1, std::string(30, 'y'));
  const std::string video = create(1, {own, shared});
  create(1, {shared});
  EXPECT_FALSE(ledger_.check_quota(1, 70));
  ASSERT_TRUE(
      catalogue_.remove(video, 1, [&](soci::session& sql) { ledger_.release_source(sql, video); }));
  EXPECT_TRUE(ledger_.check_quota(1, 70));
  EXPECT_FALSE(ledger_.check_quota(1, 71)) << "the other video's chunk";
  EXPECT_EQ(ledger_.collect(), 1);
  EXPECT_FALSE(chunks_->has(own.hash));
  EXPECT_TRUE(chunks_->has(shared.hash));
}

TEST_P(OriginalsTest, WhatIsReadyIsLetGoAndItsOwnersQuotaIsFree) {
  const ChunkRef chunk = keep(1, std::string(60, 'x'));
  const std::string video = create(1, {chunk});
  make_ready(video);
  EXPECT_FALSE(ledger_.check_quota(1, 60));
  EXPECT_EQ(originals_.let_go(), 1);
  EXPECT_FALSE(is_kept(video));
  EXPECT_TRUE(ledger_.check_quota(1, 60));
  EXPECT_TRUE(catalogue_.source(video, 0, 60)->empty());
  EXPECT_EQ(ledger_.collect(), 1);
  EXPECT_FALSE(chunks_->has(chunk.hash));
  EXPECT_EQ(originals_.let_go(), 0) << "once";
}

TEST_P(OriginalsTest, ThePolicyMayBeToKeepThem) {
  const std::string video = create(1, {keep(1, "bytes")});
  make_ready(video);
  EXPECT_EQ(Originals(*database_, ledger_, KeepOriginals::kAlways).let_go(), 0);
  EXPECT_TRUE(is_kept(video));
}

TEST_P(OriginalsTest, NothingIsLetGoThatMayBeNeeded) {
  const std::string video = create(1, {keep(1, "bytes")});
  EXPECT_EQ(originals_.let_go(), 0) << "it is not even probed";
  make_ready(video);
  for (const auto& [needed, undone] :
       {std::pair{"UPDATE renditions SET published = 0 WHERE name = '720p'",
                  "UPDATE renditions SET published = 1 WHERE name = '720p'"},
        std::pair{"UPDATE tasks SET state = 'waiting' WHERE kind = 'images'",
                  "UPDATE tasks SET state = 'done'"},
        std::pair{"UPDATE tasks SET state = 'leased' WHERE kind = 'images'",
                  "UPDATE tasks SET state = 'done'"},
        std::pair{"UPDATE tasks SET state = 'parked' WHERE kind = 'probe'",
                  "UPDATE tasks SET state = 'done'"},
        std::pair{"UPDATE videos SET failure = 'bad'", "UPDATE videos SET failure = ''"}}) {
    run(needed);
    EXPECT_EQ(originals_.let_go(), 0) << needed;
    EXPECT_TRUE(is_kept(video));
    run(undone);
  }
  EXPECT_EQ(originals_.let_go(), 1);
}

TEST_P(OriginalsTest, ChunksThatOthersNeedStay) {
  const ChunkRef chunk = keep(1, "shared");
  const std::string ready = create(1, {chunk});
  const std::string mine = create(1, {chunk});
  keep(2, "shared");
  const std::string others = create(2, {chunk});
  make_ready(ready);
  ASSERT_EQ(originals_.let_go(), 1);
  clock_.advance(48h);
  EXPECT_EQ(ledger_.collect(), 0);
  make_ready(mine);
  ASSERT_EQ(originals_.let_go(), 1);
  EXPECT_EQ(ledger_.collect(), 0);
  EXPECT_EQ(catalogue_.source(others, 0, 60)->size(), 1u);
  make_ready(others);
  ASSERT_EQ(originals_.let_go(), 1);
  EXPECT_EQ(ledger_.collect(), 1);
}

TEST_P(OriginalsTest, AChunkThatWasSentAgainIsStillThere) {
  const ChunkRef chunk = keep(1, "twice");
  make_ready(create(1, {chunk}));
  clock_.advance(1h);
  keep(1, "twice");
  ASSERT_EQ(originals_.let_go(), 1);
  EXPECT_EQ(ledger_.collect(), 0);
  EXPECT_TRUE(ledger_.missing(1, {chunk.hash})->empty());
}

TEST_P(OriginalsTest, AnUploadHoldsNoChunksOfTheVideoThatItBecame) {
  const ChunkRef chunk = keep(1, "by tus");
  const std::string video = create(1, {chunk});
  run("INSERT INTO uploads (id, owner, kind, length, position, metadata, expires, video) "
      "VALUES ('u', 1, 'whole', 6, 6, '', 0, '" +
      video + "')");
  run("INSERT INTO upload_chunks (upload, number, hash, size) VALUES ('u', 0, '" + chunk.hash +
      "', 6)");
  make_ready(video);
  ASSERT_EQ(originals_.let_go(), 1);
  EXPECT_EQ(ledger_.collect(), 1);
}

TEST_P(OriginalsTest, WithoutItNothingIsTriedAgain) {
  const std::string video = create(1, {keep(1, "bytes")});
  make_ready(video, "parked");
  Queue queue(*database_, clock_, {});
  ObjectWriter objects(test_.directory() / "objects");
  Publisher publisher(*database_, objects);
  Work work(*database_, queue, objects, publisher, clock_, {});
  const std::int64_t images = queue.list(1, video)->front().id;
  ASSERT_EQ(originals_.let_go(), 1) << "it does without its images";
  const auto again = work.retry(images);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kBusy);
  EXPECT_TRUE(again.error().context.starts_with("the original of this video was let go"));
  EXPECT_EQ(queue.list(1, video)->front().state, TaskState::kParked);
}

INSTANTIATE_TEST_SUITE_P(Engines, OriginalsTest,
                         testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace origin
