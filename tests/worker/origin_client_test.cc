#include "worker/origin_client.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/worker/recording_origin.h"

namespace worker {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

const Task kTask{.id = 17, .lease = "abc"};

// What a heartbeat comes to when it is answered so.
ErrorCode heartbeat(const std::string& answer) {
  RecordingOrigin origin([&answer](std::string_view) { return answer; });
  OriginClient client(origin.url(), "token", milliseconds(0));
  const auto kept = client.heartbeat(kTask, 0);
  EXPECT_FALSE(kept);
  return kept ? ErrorCode{} : kept.error().code;
}

TEST(OriginClient, AnOriginInTroubleIsUnreachableWhenPatienceIsOver) {
  EXPECT_EQ(heartbeat(answer_of(503)), ErrorCode::kUnreachable);
  EXPECT_EQ(heartbeat(""), ErrorCode::kUnreachable) << "it hung up";
  EXPECT_EQ(heartbeat("no HTTP\r\n\r\n"), ErrorCode::kUnreachable);
  OriginClient nobody("http://127.0.0.1:1", "token", milliseconds(0));
  EXPECT_EQ(nobody.heartbeat(kTask, 0).error().code, ErrorCode::kUnreachable);
}

TEST(OriginClient, ARefusalIsNone) {
  EXPECT_EQ(heartbeat(answer_of(401)), ErrorCode::kDenied);
  EXPECT_EQ(heartbeat(answer_of(409)), ErrorCode::kBusy);
  EXPECT_EQ(heartbeat(answer_of(404)), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace worker
