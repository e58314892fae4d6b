#include "origin/database/database.h"

#include <gtest/gtest.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "origin/database/schema.h"
#include "origin/videos/publication.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;

base::Result<int> count_owners(Database& database) {
  return database.read([](soci::session& sql) -> base::Result<int> {
    int count = 0;
    sql << "SELECT CAST(COUNT(*) AS BIGINT) FROM owners", soci::into(count);
    return count;
  });
}

base::Result<void> add_owner(Database& database, long long id) {
  return database.write([id](soci::session& sql) -> base::Result<void> {
    const std::string name = "owner-" + std::to_string(id);
    sql << "INSERT INTO owners (id, name, quota_bytes, created) VALUES (:id, :name, 0, 0)",
        soci::use(id), soci::use(name);
    return {};
  });
}

class DatabaseTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!test_.has(GetParam())) GTEST_SKIP() << "no PostgreSQL server on this machine";
    database_ = test_.make(GetParam());
  }
  TestDatabase test_;
  std::unique_ptr<Database> database_;
};

TEST_P(DatabaseTest, KeepsWhatWasCommittedAndNothingElse) {
  ASSERT_TRUE(add_owner(*database_, 1));
  const auto refused = database_->write([](soci::session& sql) -> base::Result<void> {
    sql << "INSERT INTO owners (id, name, quota_bytes, created) VALUES (2, 'x', 0, 0)";
    return base::fail(ErrorCode::kInvalid, "changed my mind");
  });
  EXPECT_EQ(refused.error().context, "changed my mind");
  EXPECT_EQ(add_owner(*database_, 1).error().code, ErrorCode::kIo) << "the name is taken";
  EXPECT_EQ(count_owners(*database_), 1);
  database_.reset();
  database_ = test_.open_again();
  EXPECT_EQ(count_owners(*database_), 1);
}

TEST_P(DatabaseTest, WritersBesideEachOtherLoseNothing) {
  const auto raise = [this] {
    return database_->write([](soci::session& sql) -> base::Result<void> {
      long long value = 0;
      sql << "SELECT quota_bytes FROM owners WHERE id = 1", soci::into(value);
      ++value;
      sql << "UPDATE owners SET quota_bytes = :value WHERE id = 1", soci::use(value);
      return {};
    });
  };
  ASSERT_TRUE(add_owner(*database_, 1));
  constexpr int kThreads = 4;
  constexpr int kTurns = 25;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int turn = 0; turn < kTurns; ++turn) {
          while (true) {
            const auto raised = raise();
            if (raised) break;
            ASSERT_EQ(raised.error().code, ErrorCode::kOverloaded);
          }
        }
      });
    }
  }
  const auto value = database_->read([](soci::session& sql) -> base::Result<long long> {
    long long read = 0;
    sql << "SELECT quota_bytes FROM owners WHERE id = 1", soci::into(read);
    return read;
  });
  EXPECT_EQ(value, kThreads * kTurns);
}

TEST_P(DatabaseTest, RefusesTablesOfANewerVersion) {
  ASSERT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
    sql << "INSERT INTO schema_version (version) VALUES (1000)";
    return {};
  }));
  database_.reset();
  const auto opened = Database::open(test_.options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().context.find("newer Headrace"), std::string::npos);
}

// A database of the first version, with a video in it, as it was published then.
TEST_P(DatabaseTest, VideosOfBeforeRevisionsArePublishedOnceMore) {
  ASSERT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
    for (const char* undo :
         {"DROP TABLE captions", "DROP INDEX videos_behind",
          "ALTER TABLE videos DROP COLUMN revision", "ALTER TABLE videos DROP COLUMN written",
          "ALTER TABLE tokens DROP COLUMN is_operator", "DROP INDEX uploads_open",
          "DROP INDEX source_chunks_by_place", "DROP INDEX outputs_by_unit",
          "DROP INDEX tasks_open", "DROP INDEX videos_by_content",
          "ALTER TABLE videos DROP COLUMN content",
          "DELETE FROM schema_version WHERE version > 1"}) {
      sql << undo;
    }
    sql << "INSERT INTO videos (id, owner, title, file_name, size, created, access, failure, "
           "probe, "
           "kept_source) VALUES ('old', 1, 't', 'f', 1, 0, 'public', '', '', 1)";
    return {};
  }));
  database_.reset();
  database_ = test_.open_again();
  EXPECT_EQ(*videos_behind(*database_), std::vector<std::string>{"old"});
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& info) { return name_of(info.param); });

// An SQLite file as the first version made it.
std::string make_first_version(const TestDatabase& test) {
  const std::string file = (test.directory() / "old.db").native();
  soci::session sql(soci::sqlite3, file);
  std::string_view step = schema_steps()[0];
  for (auto end = step.find(';'); end != std::string_view::npos; end = step.find(';')) {
    sql << std::string(step.substr(0, end));
    step.remove_prefix(end + 1);
  }
  sql << "CREATE TABLE schema_version (version BIGINT NOT NULL)";
  sql << "INSERT INTO schema_version (version) VALUES (1)";
  return file;
}

int version_in(const std::string& file) {
  soci::session sql(soci::sqlite3, file);
  int version = 0;
  sql << "SELECT MAX(version) FROM schema_version", soci::into(version);
  return version;
}

TEST(Database, AMigrationThatStopsHalfWayLeavesTheFileAndItsCopyAsTheyWere) {
  TestDatabase test;
  const std::string file = make_first_version(test);
  {
    soci::session sql(soci::sqlite3, file);
    sql << "ALTER TABLE tokens ADD COLUMN is_operator BIGINT";  // A later step will trip over it.
  }
  for (int tries = 0; tries < 2; ++tries) {
    EXPECT_FALSE(Database::open({.url = "sqlite:" + file, .connections = 1}));
  }
  EXPECT_EQ(version_in(file), 1);
  EXPECT_EQ(version_in(file + ".before-" + std::to_string(schema_steps().size())), 1);
  {
    soci::session sql(soci::sqlite3, file);
    sql << "ALTER TABLE tokens DROP COLUMN is_operator";
  }
  EXPECT_TRUE(Database::open({.url = "sqlite:" + file, .connections = 1}));
  EXPECT_EQ(version_in(file), static_cast<int>(schema_steps().size()));
  EXPECT_EQ(version_in(file + ".before-" + std::to_string(schema_steps().size())), 1);
}

TEST(Database, TimesOfTheFirstTablesBecomeMicroseconds) {
  TestDatabase test;
  const std::string file = make_first_version(test);
  {
    soci::session sql(soci::sqlite3, file);
    sql << "INSERT INTO owners (id, name, quota_bytes, created) VALUES (1, 'a', 0, 1700000000123)";
    sql << "INSERT INTO tokens (hash, kind, owner, name, created, revoked) "
           "VALUES ('h', 'api', 1, 'a', 1700000000456, 0)";
  }
  const auto opened = Database::open({.url = "sqlite:" + file, .connections = 1});
  ASSERT_TRUE(opened) << opened.error().context;
  const auto read = (*opened)->read([](soci::session& sql) -> base::Result<void> {
    long long owner = 0;
    long long token = 0;
    long long is_operator = 1;
    sql << "SELECT created FROM owners", soci::into(owner);
    sql << "SELECT created, is_operator FROM tokens", soci::into(token), soci::into(is_operator);
    EXPECT_EQ(owner, 1'700'000'000'123'000);
    EXPECT_EQ(token, 1'700'000'000'456'000);
    EXPECT_EQ(is_operator, 0);
    return {};
  });
  EXPECT_TRUE(read);
}

TEST(Database, SaysWhatItCanNotOpen) {
  EXPECT_EQ(Database::open({.url = "mysql:x"}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Database::open({.url = "sqlite:/nowhere/at/all/x.db"}).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace origin
