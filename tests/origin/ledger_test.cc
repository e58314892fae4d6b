#include "origin/uploads/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/sha256.h"
#include "origin/videos/catalogue.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest()
      : database_(test_.make(Engine::kSqlite)),
        chunks_(std::move(*ChunkStore::open(test_.directory() / "chunks", base::Bytes(0)))),
        ledger_(*database_, *chunks_, clock_, {.quota = base::Bytes(10'000), .claim_time = 24h}),
        catalogue_(*database_, clock_) {
    EXPECT_TRUE(database_->write([](soci::session& sql) -> base::Result<void> {
      sql << "INSERT INTO owners (id, name, quota_bytes, created) VALUES (1, 'a', 0, 0)";
      sql << "INSERT INTO owners (id, name, quota_bytes, created) VALUES (2, 'b', 50, 0)";
      return {};
    }));
  }

  base::Result<ChunkRef> keep(std::int64_t owner, const std::string& bytes,
                              const std::string& expected = "") {
    auto writer = chunks_->begin(bytes.size());
    EXPECT_TRUE(writer);
    EXPECT_TRUE(writer->append(bytes));
    return ledger_.keep(owner, std::move(*writer), expected);
  }
  // As a kill between the file and its row leaves it.
  std::string write_only(const std::string& bytes) {
    auto writer = chunks_->begin(bytes.size());
    EXPECT_TRUE(writer->append(bytes));
    return *writer->finish({});
  }
  void set_age(const std::string& hash, std::chrono::hours age) {
    fs::last_write_time(chunks_->directory() / hash.substr(0, 2) / hash,
                        std::chrono::file_clock::from_sys(clock_.wall() - age));
  }
  int collect_all_litter() {
    int count = 0;
    for (int i = 0; i < 256; ++i) count += *ledger_.collect_litter();
    return count;
  }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(chunks_->directory())) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ChunkStore> chunks_;
  Ledger ledger_;
  Catalogue catalogue_;
};

TEST_F(LedgerTest, KeepsAChunkOnceForAllWhoSendIt) {
  const auto first = keep(1, "some bytes");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->hash, base::Sha256::hex_of("some bytes"));
  ASSERT_TRUE(keep(2, "some bytes"));
  EXPECT_EQ(files(), 1u);
  std::string read(5, '\0');
  ASSERT_TRUE(chunks_->read(first->hash, 5, {read.data(), read.size()}));
  EXPECT_EQ(read, "bytes");
  EXPECT_EQ(chunks_->read(first->hash, 9, {read.data(), read.size()}).error().code,
            ErrorCode::kCorrupt);
}

TEST_F(LedgerTest, AWrongHashLeavesNothing) {
  EXPECT_EQ(keep(1, "some bytes", base::Sha256::hex_of("other")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(files(), 0u);
}

TEST_F(LedgerTest, AnUnfinishedWriteLeavesNothing) {
  {
    auto writer = chunks_->begin(5);
    ASSERT_TRUE(writer->append("half"));
    EXPECT_EQ(files(), 1u);
  }
  EXPECT_EQ(files(), 0u);
  auto lost = chunks_->begin(5);  // As a kill leaves it.
  ASSERT_TRUE(lost->append("half"));
  const auto again = ChunkStore::open(chunks_->directory(), base::Bytes(0));
  ASSERT_TRUE(again);
  EXPECT_EQ(files(), 0u);
}

TEST_F(LedgerTest, AChunkMayHaveSixteenMebibytes) {
  auto writer = chunks_->begin(0);
  ASSERT_TRUE(writer->append(std::string(ChunkStore::kChunkMax.count(), 'x')));
  EXPECT_EQ(writer->append("x").error().code, ErrorCode::kTooLarge);
}

TEST_F(LedgerTest, MissingIsAnsweredFromTheAskersOwnChunks) {
  const std::string mine = keep(1, "mine")->hash;
  const std::string others = keep(2, "others")->hash;
  EXPECT_EQ(*ledger_.missing(1, {mine, others, others}), std::vector<std::string>{others});
  // A file that was lost is to be sent again.
  fs::remove(chunks_->directory() / mine.substr(0, 2) / mine);
  EXPECT_EQ(*ledger_.missing(1, {mine}), std::vector<std::string>{mine});
}

TEST_F(LedgerTest, TheQuotaIsTheOwnersOrTheCommonOne) {
  EXPECT_TRUE(ledger_.check_quota(1, 10'000));
  EXPECT_EQ(ledger_.check_quota(1, 10'001).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(ledger_.check_quota(2, 50));
  ASSERT_TRUE(keep(2, "0123456789"));
  EXPECT_TRUE(ledger_.check_quota(2, 40));
  const auto refused = ledger_.check_quota(2, 41);
  EXPECT_NE(refused.error().context.find("40"), std::string::npos) << "it says how much is left";
}

TEST_F(LedgerTest, CollectsWhatNothingUsesAndNeverWhatSomethingDoes) {
  const ChunkRef used = *keep(1, "used");
  const ChunkRef unused = *keep(1, "unused");
  const auto video = catalogue_.create(
      {.owner = 1, .title = "t", .file_name = "f", .container = "mov", .chunks = {used}});
  ASSERT_TRUE(video && video->missing.empty());
  EXPECT_EQ(ledger_.collect(), 0) << "it was claimed just now";
  clock_.advance(25h);
  EXPECT_EQ(ledger_.collect(), 1);
  EXPECT_FALSE(chunks_->has(unused.hash));
  EXPECT_TRUE(chunks_->has(used.hash));
  EXPECT_EQ(ledger_.missing(1, {used.hash})->size(), 0u);

  ASSERT_TRUE(catalogue_.remove(video->id, 1));
  EXPECT_EQ(ledger_.collect(), 1);
  EXPECT_EQ(files(), 0u);
}

// Uploads write meanwhile.
TEST_F(LedgerTest, LookingForWhatCanGoWaitsForNoWriter) {
  const ChunkRef used = *keep(1, "used");
  ASSERT_TRUE(catalogue_.create(
      {.owner = 1, .title = "t", .file_name = "f", .container = "mov", .chunks = {used}}));
  clock_.advance(25h);
  EXPECT_TRUE(database_->write([&](soci::session&) -> base::Result<void> {
    EXPECT_EQ(ledger_.collect(), 0);
    return {};
  }));
}

TEST_F(LedgerTest, LooksAtSoManyChunksAtOnceAndRoundAgain) {
  Ledger ledger(*database_, *chunks_, clock_, {.claim_time = 24h, .looked_at_once = 2});
  std::vector<ChunkRef> sent;
  for (const char* bytes : {"a", "b", "c", "d", "e"}) sent.push_back(*keep(1, bytes));
  EXPECT_EQ(ledger.collect(), 0);
  clock_.advance(25h);
  EXPECT_EQ(ledger.collect(), 2);
  EXPECT_EQ(ledger.collect(), 1);
  EXPECT_EQ(ledger.collect(), 2);
  EXPECT_EQ(files(), 0u);
}

TEST_F(LedgerTest, AnExpiredClaimGoesWhenAnotherOwnersStays) {
  const ChunkRef both = *keep(1, "both");
  clock_.advance(25h);
  ASSERT_TRUE(keep(2, "both"));
  EXPECT_EQ(ledger_.collect(), 0);
  EXPECT_EQ(ledger_.missing(1, {both.hash})->size(), 1u);
  EXPECT_EQ(ledger_.missing(2, {both.hash})->size(), 0u);
}

TEST_F(LedgerTest, CollectsOldFilesThatNoRowSpeaksOf) {
  const std::string lost = write_only("no row was written");
  const std::string young = write_only("its row is on its way");
  const std::string kept = keep(1, "kept")->hash;
  set_age(lost, 25h);
  set_age(young, 23h);
  set_age(kept, 25h);
  EXPECT_EQ(collect_all_litter(), 1);
  EXPECT_FALSE(chunks_->has(lost));
  EXPECT_TRUE(chunks_->has(young));
  EXPECT_TRUE(chunks_->has(kept));
}

TEST_F(LedgerTest, AFileThatAVideoOrAnUploadUsesIsNoLitter) {
  const ChunkRef source = *keep(1, "of a video");
  const ChunkRef sent = *keep(1, "of an upload");
  ASSERT_TRUE(catalogue_.create(
      {.owner = 1, .title = "t", .file_name = "f", .container = "mov", .chunks = {source}}));
  ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
    sql << "INSERT INTO upload_chunks (upload, number, hash, size) VALUES ('u', 0, :hash, 1)",
        soci::use(sent.hash);
    // Damage: the rows that should be there are not.
    sql << "DELETE FROM chunks";
    sql << "DELETE FROM claims";
    return {};
  }));
  set_age(source.hash, 100h);
  set_age(sent.hash, 100h);
  EXPECT_EQ(collect_all_litter(), 0);
  EXPECT_TRUE(chunks_->has(source.hash) && chunks_->has(sent.hash));
}

TEST_F(LedgerTest, LitterThatIsSentAgainIsAChunk) {
  const std::string lost = write_only("sent again");
  set_age(lost, 25h);
  ASSERT_TRUE(keep(1, "sent again"));
  set_age(lost, 25h);
  EXPECT_EQ(collect_all_litter(), 0);
  EXPECT_TRUE(ledger_.missing(1, {lost})->empty());
}

// Chunks are sent while the collector goes round and their old files lie about: none that was
// acknowledged may be gone.
TEST_F(LedgerTest, AChunkThatIsSentWhileLitterIsCollectedStays) {
  constexpr int kChunks = 200;
  for (int i = 0; i < kChunks; ++i) set_age(write_only("chunk " + std::to_string(i)), 25h);
  std::atomic<bool> ends{false};
  std::jthread collector([&] {
    while (!ends) EXPECT_TRUE(ledger_.collect_litter());
  });
  std::vector<std::string> acknowledged;
  for (int i = 0; i < kChunks; ++i) {
    const auto kept = keep(2, "chunk " + std::to_string(i));
    ASSERT_TRUE(kept);
    acknowledged.push_back(kept->hash);
  }
  ends = true;
  collector.join();
  EXPECT_TRUE(ledger_.missing(2, acknowledged)->empty());
}

TEST_F(LedgerTest, ADiskThatIsNearlyFullTakesNothing) {
  const auto full = ChunkStore::open(test_.directory() / "full", base::Bytes(1ull << 60));
  ASSERT_TRUE(full);
  EXPECT_EQ((*full)->begin(1).error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace origin
