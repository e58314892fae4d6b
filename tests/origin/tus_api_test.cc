#include "origin/uploads/tus_api.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/sha256.h"
#include "base/text_encoding.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kMiB = 1u << 20;

// Requests as the endpoint hands them over.
class TusApiTest : public testing::Test {
 protected:
  TusApiTest()
      : database_(test_.make(Engine::kSqlite)),
        chunks_(std::move(*ChunkStore::open(test_.directory() / "chunks", base::Bytes(0)))),
        ledger_(*database_, *chunks_, clock_, {}),
        store_(*database_, ledger_, clock_, test_.directory() / "tails",
               {.size_max = base::Bytes(1'000 * kMiB), .time_to_live = 24h, .open_max = 10}) {
    fs::create_directory(test_.directory() / "tails");
    add_tus_routes(router_, services_);
  }

  TusUpload create() { return *store_.create({.owner = 1, .length = 900 * kMiB, .metadata = ""}); }
  std::unique_ptr<BodyTaker> patch(const TusUpload& upload, base::Fields fields) {
    ApiCall call;
    call.names = {upload.id};
    call.caller = Caller{.owner = 1};
    call.head.fields = std::move(fields);
    call.head.fields.set("tus-resumable", "1.0.0");
    call.head.fields.set("content-type", "application/offset+octet-stream");
    auto taker = router_.find("PATCH", "/api/v1/uploads/" + upload.id).route->take(call);
    return std::move(*taker);
  }
  // Sends a body of mebibytes until there is an answer.
  static ApiAnswer send(BodyTaker& taker, int mebibytes, int& sent) {
    const std::string piece(kMiB, 'x');
    for (sent = 0; sent < mebibytes;) {
      EXPECT_TRUE(taker.take(piece));
      ++sent;
      if (auto answer = taker.early_answer()) return std::move(*answer);
    }
    return *taker.finish();
  }
  static std::string checksum(const std::string& bytes) {
    const base::Sha256::Digest digest = base::Sha256::of(bytes);
    return "sha256 " +
           base::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ChunkStore> chunks_;
  Ledger ledger_;
  TusStore store_;
  base::ByteBudget bodies_{base::Bytes(64 * kMiB)};
  Allowance allowance_{*database_, ledger_, 10};
  const TusServices services_{.store = store_,
                              .allowance = allowance_,
                              .bodies = bodies_,
                              .size_max = base::Bytes(1'000 * kMiB),
                              .video_maker = nullptr};
  Router router_;
  int sent_ = 0;
};

TEST_F(TusApiTest, ARefusedBodyIsNotTakenToItsEnd) {
  const TusUpload upload = create();
  EXPECT_EQ(send(*patch(upload, {{"upload-offset", "5"}}), 100, sent_).status, 409);
  EXPECT_EQ(sent_, 5) << "four may come, since the client may have sent them already";
  EXPECT_EQ(send(*patch(upload, {{"upload-offset", "5"}}), 4, sent_).status, 409);
  EXPECT_EQ(sent_, 4);
}

TEST_F(TusApiTest, ABodyThatIsRefusedOnItsWayIsNotTakenToItsEnd) {
  const TusUpload upload = *store_.create({.owner = 1, .length = 10 * kMiB, .metadata = ""});
  const auto taker = patch(upload, {{"upload-offset", "0"}});
  EXPECT_EQ(send(*taker, 100, sent_).status, 413);
  EXPECT_EQ(sent_, 10 + 1 + 5);
}

TEST_F(TusApiTest, BodiesWithAChecksumShareTheirMemory) {
  const std::string bytes(40 * kMiB, 'x');
  const base::Fields fields{{"upload-offset", "0"}, {"upload-checksum", checksum(bytes)}};
  const TusUpload first = create();
  const TusUpload second = create();
  auto waiting = patch(first, fields);
  ASSERT_TRUE(waiting->take(bytes));
  const ApiAnswer refused = send(*patch(second, fields), 40, sent_);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.fields.contains("retry-after"));
  EXPECT_LT(sent_, 40);
  EXPECT_EQ(waiting->finish()->status, 204);
  waiting.reset();
  EXPECT_EQ(send(*patch(second, fields), 40, sent_).status, 204);
  EXPECT_EQ(bodies_.held().count(), 0u);
}

}  // namespace
}  // namespace origin
