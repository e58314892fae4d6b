#include "origin/videos/allowance.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/origin/owners_fixture.h"

namespace origin {
namespace {

using base::ErrorCode;

class AllowanceTest : public OwnersTest {
 protected:
  // Of one chunk of 10 bytes, so many times.
  std::string create_of(std::size_t times) {
    return create(1, std::vector<ChunkRef>(times, keep(1, "0123456789")));
  }

  Allowance allowance_{*database_, ledger_, 2};
};

TEST_P(AllowanceTest, AVideoCountsByItsLengthHoweverLittleItTakesOfTheDisk) {
  run("UPDATE owners SET quota_bytes = 1000 WHERE id = 2");
  EXPECT_TRUE(allowance_.check_bytes(1, 100));
  const std::string video = create_of(7);
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
  const std::string first = create_of(1);
  EXPECT_TRUE(allowance_.check_under_way(1));
  const std::string second = create_of(1);
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
  create_of(1);
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
