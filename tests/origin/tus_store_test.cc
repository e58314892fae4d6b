#include "origin/uploads/tus_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/date.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class TusStoreTest : public testing::Test {
 protected:
  static constexpr base::Bytes kSizeMax{20u << 20};
  static constexpr std::uint32_t kOpenMax = 3;

  TusStoreTest()
      : database_(test_.make(Engine::kSqlite)),
        chunks_(std::move(*ChunkStore::open(test_.directory() / "chunks", base::Bytes(0)))),
        ledger_(*database_, *chunks_, clock_, {}),
        tails_(test_.directory() / "tails"),
        store_(*database_, ledger_, clock_, tails_,
               {.size_max = kSizeMax, .time_to_live = 24h, .open_max = kOpenMax}) {
    fs::create_directory(tails_);
    run("INSERT INTO owners (id, name, quota_bytes, created) VALUES (1, 'a', 0, 0)");
  }

  void run(const std::string& statement) {
    ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      sql << statement;
      return {};
    }));
  }
  TusUpload create(std::uint64_t length) {
    return *store_.create({.owner = 1, .length = length, .metadata = ""});
  }
  TusUpload now(const TusUpload& upload) { return *store_.get(upload.id, 1); }
  base::Result<std::uint64_t> send(const TusUpload& upload, const std::string& bytes,
                                   std::optional<std::uint64_t> length = std::nullopt) {
    auto patch = store_.patch(now(upload), length);
    if (!patch) return std::unexpected(patch.error());
    if (auto appended = (*patch)->append(bytes); !appended) {
      std::ignore = (*patch)->finish();
      return std::unexpected(appended.error());
    }
    return (*patch)->finish();
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ChunkStore> chunks_;
  Ledger ledger_;
  const fs::path tails_;
  TusStore store_;
};

TEST_F(TusStoreTest, WhatWasAcknowledgedOutlivesAnEndThatFails) {
  const TusUpload upload = create(10);
  ASSERT_EQ(send(upload, "012345"), 6u);
  // The last bytes come, and their chunk can't be noted.
  run("ALTER TABLE upload_chunks RENAME TO away");
  EXPECT_FALSE(send(upload, "6789"));
  run("ALTER TABLE away RENAME TO upload_chunks");
  EXPECT_EQ(now(upload).position, 6u);
  ASSERT_EQ(send(upload, "6789"), 10u);
  const auto chunks = store_.chunks(upload);
  ASSERT_EQ(chunks->size(), 1u);
  std::string bytes(10, '\0');
  ASSERT_TRUE(chunks_->read(chunks->front().hash, 0, {bytes.data(), bytes.size()}));
  EXPECT_EQ(bytes, "0123456789");
  EXPECT_TRUE(fs::is_empty(tails_));
}

TEST_F(TusStoreTest, OneAtATimeChangesAnUpload) {
  const TusUpload upload = create(10);
  auto patch = store_.patch(upload);
  ASSERT_TRUE(patch);
  EXPECT_EQ(store_.patch(upload).error().code, ErrorCode::kBusy);
  EXPECT_EQ(store_.remove(upload.id, 1).error().code, ErrorCode::kBusy);
  patch->reset();
  EXPECT_TRUE(store_.remove(upload.id, 1));
  EXPECT_EQ(store_.patch(upload).error().code, ErrorCode::kNotFound);
}

TEST_F(TusStoreTest, AnOwnerHasSoManyOpenUploadsAndIsToldWhatToDo) {
  const TusUpload first = create(3);
  clock_.advance(1h);
  create(3);
  ASSERT_TRUE(store_.create({.owner = 1, .metadata = ""})) << "the last one, its length unsaid";
  const auto one_more = store_.create({.owner = 1, .length = 3, .metadata = ""});
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(one_more.error().blame, base::Blame::kClient);
  EXPECT_EQ(
      one_more.error().context,
      "3 of your uploads are unfinished, and 3 may be at a time; finish one, DELETE one, or "
      "wait until " +
          base::format_date(base::WallTime(std::chrono::milliseconds(first.expires_us / 1'000))) +
          ", when one expires");
  EXPECT_TRUE(store_.create({.owner = 2, .length = 3, .metadata = ""})) << "another owner's";
  ASSERT_EQ(send(first, "ab"), 2u) << "what is open goes on";
}

TEST_F(TusStoreTest, AnUploadThatEndsMakesRoomForAnother) {
  const auto is_full = [&] {
    const auto more = store_.create({.owner = 1, .length = 3, .metadata = ""});
    return !more && more.error().code == ErrorCode::kOverloaded;
  };
  const TusUpload first = create(3);
  const TusUpload second = create(3);
  const TusUpload third = create(3);
  ASSERT_TRUE(is_full());
  ASSERT_EQ(send(first, "abc"), 3u);
  EXPECT_FALSE(is_full()) << "complete";
  EXPECT_TRUE(is_full());
  ASSERT_TRUE(store_.remove(second.id, 1));
  EXPECT_FALSE(is_full()) << "removed";
  EXPECT_TRUE(is_full());
  clock_.advance(24h + 1ms);
  EXPECT_FALSE(is_full()) << "expired, though not collected yet";
}

TEST_F(TusStoreTest, PartsCountUntilTheyAreCompleteAndTheWholeNever) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    const auto part = store_.create({.owner = 1, .is_partial = true, .length = 3, .metadata = ""});
    ASSERT_TRUE(part) << "part " << i;
    ASSERT_EQ(send(*part, "abc"), 3u);
    ids.push_back(part->id);
  }
  for (std::uint32_t i = 0; i < kOpenMax; ++i) create(3);
  EXPECT_FALSE(store_.create({.owner = 1, .is_partial = true, .length = 3, .metadata = ""}));
  const auto whole = store_.concatenate(1, ids, "");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->length, 12u);
}

TEST_F(TusStoreTest, AnUploadBecomesOneVideo) {
  const TusUpload upload = create(3);
  ASSERT_TRUE(send(upload, "abc"));
  int made = 0;
  const TusStore::Make make = [&](soci::session&) { return "video" + std::to_string(++made); };
  EXPECT_EQ(store_.become_video(upload, make), "video1");
  EXPECT_EQ(store_.become_video(upload, make), "video1");
  EXPECT_EQ(made, 1);
}

TEST_F(TusStoreTest, TheLengthMayBeSaidWithTheLastBytes) {
  const TusUpload upload = *store_.create({.owner = 1, .metadata = ""});
  EXPECT_EQ(now(upload).length, std::nullopt);
  ASSERT_EQ(send(upload, "abc"), 3u);
  EXPECT_TRUE(store_.chunks(upload)->empty());
  ASSERT_EQ(send(upload, "de", 5), 5u);
  EXPECT_EQ(now(upload).length, 5u);
  ASSERT_EQ(store_.chunks(upload)->size(), 1u);
  EXPECT_EQ(store_.chunks(upload)->front().size, 5u);
  EXPECT_TRUE(fs::is_empty(tails_));
}

TEST_F(TusStoreTest, TheLengthMayBeSaidAfterTheLastBytes) {
  const TusUpload upload = *store_.create({.owner = 1, .metadata = ""});
  ASSERT_EQ(send(upload, "abc"), 3u);
  ASSERT_EQ(send(upload, "", 3), 3u);
  EXPECT_EQ(store_.chunks(upload)->size(), 1u);
  // At a chunk's end there is no tail to close.
  const TusUpload whole = *store_.create({.owner = 1, .metadata = ""});
  ASSERT_EQ(send(whole, std::string(TusStore::kChunk, 'x')), TusStore::kChunk);
  ASSERT_EQ(send(whole, "", TusStore::kChunk), TusStore::kChunk);
  EXPECT_EQ(store_.chunks(whole)->size(), 1u);
}

TEST_F(TusStoreTest, ALengthIsSaidOnceAndNotBelowWhatIsThere) {
  const TusUpload upload = *store_.create({.owner = 1, .metadata = ""});
  ASSERT_EQ(send(upload, "abc"), 3u);
  EXPECT_EQ(send(upload, "", 2).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(send(upload, "", kSizeMax.count() + 1).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(now(upload).length, std::nullopt);
  ASSERT_EQ(send(upload, "d", 6), 4u);
  EXPECT_EQ(send(upload, "e", 7).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(send(upload, "e", 6), 5u);
  EXPECT_EQ(send(upload, "fg").error().code, ErrorCode::kTooLarge);
}

TEST_F(TusStoreTest, WithoutALengthTheLimitsHold) {
  const TusUpload upload = *store_.create({.owner = 1, .metadata = ""});
  ASSERT_EQ(send(upload, std::string(kSizeMax.count(), 'x')), kSizeMax.count());
  EXPECT_EQ(send(upload, "x").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(
      store_.create({.owner = 1, .length = kSizeMax.count() + 1, .metadata = ""}).error().code,
      ErrorCode::kTooLarge);
}

TEST_F(TusStoreTest, WithoutALengthTheQuotaHoldsForEachChunk) {
  run("UPDATE owners SET quota_bytes = 10000000");
  const TusUpload upload = *store_.create({.owner = 1, .metadata = ""});
  ASSERT_EQ(send(upload, std::string(TusStore::kChunk, 'x')), TusStore::kChunk);
  EXPECT_EQ(send(upload, std::string(TusStore::kChunk, 'y')).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(store_.chunks(upload)->size(), 1u);
  EXPECT_EQ(send(upload, "", 2 * TusStore::kChunk).error().code, ErrorCode::kNoSpace);
  // What was refused waits as a tail, and ends when there is room.
  EXPECT_EQ(now(upload).position, 2 * TusStore::kChunk);
  run("UPDATE owners SET quota_bytes = 100000000");
  ASSERT_EQ(send(upload, "z", 2 * TusStore::kChunk + 1), 2 * TusStore::kChunk + 1);
  EXPECT_EQ(store_.chunks(upload)->size(), 3u);
}

TEST_F(TusStoreTest, LengthsReserveNothingAndTheQuotaHoldsForEachChunk) {
  run("UPDATE owners SET quota_bytes = 10000000");
  const TusUpload first = create(10'000'000);
  const TusUpload second = create(TusStore::kChunk + 1);
  ASSERT_EQ(send(first, std::string(10'000'000, 'x')), 10'000'000u);
  EXPECT_EQ(send(second, std::string(TusStore::kChunk, 'y')).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(store_.chunks(second)->empty());
  // What was refused waits as a tail, and ends when there is room.
  run("UPDATE owners SET quota_bytes = 100000000");
  EXPECT_EQ(now(second).position, TusStore::kChunk);
  ASSERT_EQ(send(second, "z"), TusStore::kChunk + 1);
  EXPECT_EQ(store_.chunks(second)->size(), 2u);
}

// With its position at its length an upload is complete, and becomes a video.
TEST_F(TusStoreTest, WithoutItsLastChunkAnUploadIsNotComplete) {
  const TusUpload said = create(10);
  const TusUpload deferred = *store_.create({.owner = 1, .metadata = ""});
  ASSERT_EQ(send(deferred, "0123456789"), 10u);
  run("UPDATE owners SET quota_bytes = 5");
  {
    // The client leaves after it was refused.
    const auto patch = store_.patch(said);
    ASSERT_TRUE(patch);
    EXPECT_EQ((*patch)->append("0123456789").error().code, ErrorCode::kNoSpace);
  }
  EXPECT_EQ(now(said).position, 0u);
  run("UPDATE owners SET quota_bytes = 15");
  {
    const auto patch = store_.patch(now(deferred), 10);
    ASSERT_TRUE(patch);
    run("UPDATE owners SET quota_bytes = 5");  // As another upload leaves it.
    EXPECT_EQ((*patch)->finish().error().code, ErrorCode::kNoSpace);
  }
  EXPECT_EQ(now(deferred).length, std::nullopt);
  run("UPDATE owners SET quota_bytes = 20");
  ASSERT_EQ(send(said, "0123456789"), 10u);
  ASSERT_EQ(send(deferred, "", 10), 10u);
  EXPECT_EQ(now(deferred).length, 10u);
  EXPECT_EQ(store_.chunks(deferred)->size(), 1u);
}

TEST_F(TusStoreTest, WhatIsJoinedHasTheLimitOfAnUpload) {
  const TusUpload part = *store_.create(
      {.owner = 1, .is_partial = true, .length = kSizeMax.count() / 2, .metadata = ""});
  ASSERT_EQ(send(part, std::string(kSizeMax.count() / 2, 'x')), kSizeMax.count() / 2);
  EXPECT_TRUE(store_.concatenate(1, {part.id, part.id}, ""));
  EXPECT_EQ(store_.concatenate(1, {part.id, part.id, part.id}, "").error().code,
            ErrorCode::kTooLarge);
}

TEST_F(TusStoreTest, WhatExpiresIsGoneWithItsTail) {
  const TusUpload upload = create(10);
  ASSERT_TRUE(send(upload, "abc"));
  EXPECT_EQ(store_.expire(), 0);
  clock_.advance(25h);
  EXPECT_EQ(store_.expire(), 1);
  EXPECT_EQ(store_.get(upload.id, 1).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(fs::is_empty(tails_));
}

TEST_F(TusStoreTest, CollectsOldTailsThatNoUploadHas) {
  const TusUpload upload = create(100);
  ASSERT_EQ(send(upload, "0123456789"), 10U);
  for (const char* name : {"lost", "young"}) std::ofstream(tails_ / name) << "bytes";
  const auto set_age = [&](const std::string& name, std::chrono::hours age) {
    fs::last_write_time(tails_ / name, std::chrono::file_clock::from_sys(clock_.wall() - age));
  };
  set_age("lost", 25h);
  set_age("young", 23h);
  set_age(upload.id, 25h);
  EXPECT_EQ(store_.collect_litter(), 1);
  EXPECT_FALSE(fs::exists(tails_ / "lost"));
  EXPECT_TRUE(fs::exists(tails_ / "young"));
  EXPECT_EQ(send(upload, "more"), 14U);
}

}  // namespace
}  // namespace origin
