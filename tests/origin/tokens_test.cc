#include "origin/api/tokens.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

class TokensTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!TestDatabase::has(GetParam())) GTEST_SKIP() << "no server here";
    database_ = test_.make(GetParam());
    tokens_ = std::make_unique<Tokens>(*database_, clock_);
  }
  [[nodiscard]] std::optional<Caller> find(const std::string& token, TokenKind kind) const {
    return *tokens_->find(token, kind);
  }
  // All that the database holds of tokens, as one text.
  std::string rows() {
    return *database_->read([](soci::session& sql) -> base::Result<std::string> {
      std::string all;
      std::string hash;
      std::string name;
      soci::statement select =
          (sql.prepare << "SELECT hash, name FROM tokens", soci::into(hash), soci::into(name));
      select.execute();
      while (select.fetch()) all.append(hash).append(" ").append(name).append("\n");
      return all;
    });
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Tokens> tokens_;
};

TEST_P(TokensTest, AnOwnersAndAWorkersAreApart) {
  const std::string api = *tokens_->create_api("anna", Right::kNone);
  const std::string worker = *tokens_->create_worker("anna");
  ASSERT_TRUE(find(api, TokenKind::kApi));
  EXPECT_EQ(find(api, TokenKind::kApi)->name, "anna");
  EXPECT_TRUE(find(worker, TokenKind::kWorker));
  EXPECT_FALSE(find(api, TokenKind::kWorker));
  EXPECT_FALSE(find(worker, TokenKind::kApi));
  EXPECT_FALSE(find("hr_", TokenKind::kApi));
}

TEST_P(TokensTest, OnlyTheHashIsKept) {
  const std::string api = *tokens_->create_api("anna", Right::kOperator);
  const std::string worker = *tokens_->create_worker("w");
  for (const std::string& token : {api, worker}) {
    EXPECT_EQ(rows().find(token.substr(4)), std::string::npos);
    EXPECT_GE(token.size(), 46U) << "256 bits";
  }
}

TEST_P(TokensTest, TheRightIsTheTokensNotTheOwners) {
  const std::string strong = *tokens_->create_api("anna", Right::kOperator);
  const std::string plain = *tokens_->create_api("anna", Right::kNone);
  EXPECT_TRUE(find(strong, TokenKind::kApi)->is_operator);
  EXPECT_FALSE(find(plain, TokenKind::kApi)->is_operator);
  EXPECT_EQ(find(strong, TokenKind::kApi)->owner, find(plain, TokenKind::kApi)->owner);
}

TEST_P(TokensTest, RevokingWorkersLeavesOwnersOfTheNameAlone) {
  const std::string api = *tokens_->create_api("anna", Right::kNone);
  const std::string worker = *tokens_->create_worker("anna");
  EXPECT_EQ(tokens_->revoke_workers("anna"), 1);
  EXPECT_EQ(tokens_->revoke_workers("anna"), 0);
  EXPECT_FALSE(find(worker, TokenKind::kWorker));
  EXPECT_TRUE(find(api, TokenKind::kApi));
  EXPECT_EQ(tokens_->revoke("anna"), 1);
  EXPECT_FALSE(find(api, TokenKind::kApi));
}

TEST_P(TokensTest, GoodWorkersAreListedNewestFirst) {
  ASSERT_TRUE(tokens_->create_worker("a"));
  clock_.advance(1s);
  ASSERT_TRUE(tokens_->create_worker("b"));
  ASSERT_TRUE(tokens_->create_worker("c"));
  ASSERT_TRUE(tokens_->revoke("c"));
  const auto listed = *tokens_->workers();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].name, "b");
  EXPECT_EQ(listed[0].created_us, base::wall_us(clock_));
  EXPECT_EQ(listed[1].name, "a");
}

TEST_P(TokensTest, NamesAndCountsHaveLimits) {
  EXPECT_EQ(tokens_->create_worker("").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(tokens_->create_worker(std::string(101, 'x')).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(tokens_->create_worker(std::string(100, 'x')));
  ASSERT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
    std::string hash;
    soci::statement insert =
        (sql.prepare << "INSERT INTO tokens (hash, kind, owner, name, created, revoked) "
                        "VALUES (:hash, 'worker', 0, 'many', 0, 0)",
         soci::use(hash));
    for (int i = 2; i < Tokens::kWorkersMax; ++i) {
      hash = std::to_string(i);
      insert.execute(true);
    }
    return {};
  }));
  EXPECT_TRUE(tokens_->create_worker("last"));
  EXPECT_EQ(tokens_->create_worker("more").error().code, ErrorCode::kBusy);
  EXPECT_TRUE(tokens_->create_api("anna", Right::kNone));
  EXPECT_EQ(tokens_->revoke_workers("last"), 1);
  EXPECT_TRUE(tokens_->create_worker("more"));
}

INSTANTIATE_TEST_SUITE_P(Engines, TokensTest, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace origin
