// OwnersTest: two owners, who send chunks and make videos of them. Owner 1 has the ledger's quota of
// 100 bytes, owner 2 one of his own if the test gives him one.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "origin/uploads/ledger.h"
#include "origin/videos/catalogue.h"
#include "tests/origin/test_database.h"

namespace origin {

class OwnersTest : public testing::TestWithParam<Engine> {
 protected:
  OwnersTest()
      : database_(test_.make(GetParam())),
        chunks_(std::move(*ChunkStore::open(test_.directory() / "chunks", base::Bytes(0)))),
        ledger_(*database_, *chunks_, clock_,
                {.quota = base::Bytes(100), .claim_time = std::chrono::hours(24)}),
        catalogue_(*database_, clock_) {
    run("INSERT INTO owners (id, name, quota_bytes, created) VALUES (1, 'a', 0, 0)");
    run("INSERT INTO owners (id, name, quota_bytes, created) VALUES (2, 'b', 0, 0)");
  }

  void run(const std::string& statement) {
    EXPECT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      sql << statement;
      return {};
    }));
  }
  ChunkRef keep(std::int64_t owner, const std::string& bytes) {
    auto writer = chunks_->begin(bytes.size());
    EXPECT_TRUE(writer && writer->append(bytes));
    return *ledger_.keep(owner, std::move(*writer), "");
  }
  // The video's id.
  std::string create(std::int64_t owner, const std::vector<ChunkRef>& chunks) {
    return catalogue_
        .create(
            {.owner = owner, .title = "t", .file_name = "f", .container = "mov", .chunks = chunks})
        ->id;
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ChunkStore> chunks_;
  Ledger ledger_;
  Catalogue catalogue_;
};

}  // namespace origin
