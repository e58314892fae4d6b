#include "origin/videos/allowance.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "origin/videos/catalogue.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

class AllowanceTest : public testing::TestWithParam<Engine> {
 protected:
  AllowanceTest()
      : database_(test_.make(GetParam())),
        chunks_(std::move(*ChunkStore::open(test_.directory() / "chunks", base::Bytes(0)))),
        ledger_(*database_, *chunks_, clock_, {.quota = base::Bytes(100), .claim_time = 24h}),
        catalogue_(*database_, clock_),
        allowance_(*database_, ledger_, 2) {
    run("INSERT INTO owners (id, name, quota_bytes, created) VALUES (1, 'a', 0, 0)");
    run("INSERT INTO owners (id, name, quota_bytes, created) VALUES (2, 'b', 1000, 0)");
  }

  void run(const std::string& statement) {
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      sql << statement;
      return {};
    }));
  }
  // Of one chunk of 10 bytes, so many times.
  std::string create(std::int64_t owner, std::size_t times) {
    auto writer = chunks_->begin(10);
    EXPECT_TRUE(writer && writer->append("0123456789"));
    const auto chunk = ledger_.keep(owner, std::move(*writer), "");
    return catalogue_
        .create({.owner = owner,
                 .title = "t",
                 .file_name = "f",
                 .container = "mov",
                 .chunks = std::vector<ChunkRef>(times, *chunk)})
        ->id;
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ChunkStore> chunks_;
  Ledger ledger_;
  Catalogue catalogue_;
  Allowance allowance_;
};

TEST_P(AllowanceTest, AVideoCountsByItsLengthHoweverLittleItTakesOfTheDisk) {
  EXPECT_TRUE(allowance_.check_bytes(1, 100));
  const std::string video = create(1, 7);
  EXPECT_TRUE(ledger_.check_quota(1, 90));
  EXPECT_TRUE(allowance_.check_bytes(1, 30));
  const auto refused = allowance_.check_bytes(1, 31);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(refused.error().blame, base::Blame::kClient);
  EXPECT_EQ(refused.error().context,
            "your quota has 30 bytes left, and this needs 31; delete a video, or ask for more");
  EXPECT_TRUE(allowance_.check_bytes(2, 1000)) << "who has a quota of his own";
  EXPECT_FALSE(allowance_.check_bytes(2, 1001));
  run("UPDATE videos SET kept_source = 0 WHERE id = '" + video + "'");
  EXPECT_TRUE(allowance_.check_bytes(1, 100));
}

TEST_P(AllowanceTest, SoManyMayBeUnderWay) {
  const std::string first = create(1, 1);
  EXPECT_TRUE(allowance_.check_under_way(1));
  const std::string second = create(1, 1);
  const auto refused = allowance_.check_under_way(1);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(refused.error().blame, base::Blame::kClient);
  EXPECT_EQ(refused.error().context,
            "2 of your videos are under way, and 2 may be at a time; wait until one is ready, or "
            "delete one");
  EXPECT_TRUE(allowance_.check_under_way(2));
  run("UPDATE tasks SET state = 'leased' WHERE video = '" + first + "'");
  EXPECT_FALSE(allowance_.check_under_way(1));
  run("UPDATE tasks SET state = 'done' WHERE video = '" + first + "'");
  EXPECT_TRUE(allowance_.check_under_way(1));
  create(1, 1);
  EXPECT_FALSE(allowance_.check_under_way(1));
  // The others of its tasks are still to be done.
  run("UPDATE videos SET failure = 'bad' WHERE id = '" + second + "'");
  EXPECT_FALSE(allowance_.check_under_way(1));
  run("UPDATE tasks SET state = 'parked' WHERE video = '" + second + "'");
  EXPECT_TRUE(allowance_.check_under_way(1));
}

INSTANTIATE_TEST_SUITE_P(Engines, AllowanceTest,
                         testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace origin
