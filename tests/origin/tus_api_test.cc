#include "origin/uploads/tus_api.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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
               {.size_max = base::Bytes(1'000 * kMiB), .time_to_live = 24h}) {
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

  TestDatabase test_;
  base::ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ChunkStore> chunks_;
  Ledger ledger_;
  TusStore store_;
  const TusServices services_{.store = store_,
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

}  // namespace
}  // namespace origin
