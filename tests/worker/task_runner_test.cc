// What a worker tells the origin of a task, with deeds (deeds.h) in the decoder's place.
#include "worker/task_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/worker/deeds.h"
#include "tests/worker/recording_origin.h"

namespace worker {
namespace {

using Ending = TaskRunner::Ending;
using Requests = std::vector<std::string>;

constexpr std::string_view kTask = "/api/v1/worker/tasks/17/";
const std::string kFail = "POST " + std::string(kTask) + "fail HTTP/1.1";
const std::string kGiveBack = "POST " + std::string(kTask) + "give-back HTTP/1.1";
const std::string kComplete = "POST " + std::string(kTask) + "complete HTTP/1.1";
const std::string kPut =
    "PUT " + std::string(kTask) + "outputs?key=720p%2F0%2Fseg%2F3&lease=abc HTTP/1.1";

// Of one rung, with one segment.
const nlohmann::json kSpec{{"frames", 5}, {"segment", 5}, {"rungs", {{{"name", "720p"}}}}};

Ending run(RecordingOrigin& origin, std::string_view deed, const nlohmann::json& spec = kSpec) {
  TaskRunner runner({.url = origin.url(),
                     .token = "hrw_secret",
                     .child_arguments = {std::string(sandbox::kChildFlag), std::string(deed)},
                     .patience = std::chrono::milliseconds(0)});
  return runner.run({.id = 17,
                     .lease = "abc",
                     .kind = "transcode",
                     .video = "v",
                     .source_size = 100,
                     .lease_time = std::chrono::minutes(1),
                     .spec = spec});
}

std::string well(std::string_view /*request*/) { return answer_of(200); }

TEST(TaskRunner, BringsProductsToTheOrigin) {
  RecordingOrigin origin(well);
  EXPECT_EQ(run(origin, "product"), Ending::kDone);
  EXPECT_EQ(origin.requests(), (Requests{kPut, kComplete}));
}

TEST(TaskRunner, SendsNothingOfAProductWhoseHeadLies) {
  RecordingOrigin origin(well);
  EXPECT_EQ(run(origin, "smuggling-product"), Ending::kFailed);
  EXPECT_EQ(origin.requests(), Requests{kFail});
}

TEST(TaskRunner, HoldsOneOutputAtATime) {
  RecordingOrigin origin(well);
  EXPECT_EQ(run(origin, "two-outputs-open"), Ending::kFailed);
  EXPECT_EQ(origin.requests(), Requests{kFail});
  EXPECT_NE(origin.body().find("it made the decoder misbehave"), std::string::npos)
      << origin.body();
}

TEST(TaskRunner, PassesNoResultOnThatIsNestedForItsOwnSake) {
  RecordingOrigin origin(well);
  EXPECT_EQ(run(origin, "deep-result"), Ending::kDone);
  EXPECT_EQ(origin.requests(), Requests{kComplete});
  EXPECT_NE(origin.body().find("\"result\":null"), std::string::npos) << origin.body().size();
}

TEST(TaskRunner, TakesNoMoreOutputsThanArePlanned) {
  nlohmann::json none = kSpec;
  none["rungs"] = nlohmann::json::array();
  RecordingOrigin origin(well);
  EXPECT_EQ(run(origin, "product", none), Ending::kFailed);
  EXPECT_EQ(origin.requests(), Requests{kFail});
}

TEST(TaskRunner, StartsNothingForASpecThatItDoesNotUnderstand) {
  RecordingOrigin origin(well);
  EXPECT_EQ(run(origin, "product", {{"frames", 5}}), Ending::kFailed);
  EXPECT_EQ(origin.requests(), Requests{kFail});
  EXPECT_NE(origin.body().find("a task's spec"), std::string::npos) << origin.body();
  EXPECT_NE(origin.body().find("\"final\":false"), std::string::npos) << origin.body();
}

TEST(TaskRunner, LetsTheLeaseRunOutWhenTheOriginCanNotGiveTheSource) {
  for (const int status : {500, 503, 507}) {
    RecordingOrigin origin([status](std::string_view request) {
      return answer_of(request.find("/source") == std::string_view::npos ? 200 : status);
    });
    EXPECT_EQ(run(origin, "sum"), Ending::kLeaseLost) << status;
    EXPECT_EQ(std::ranges::count(origin.requests(), kGiveBack), 0) << status;
    EXPECT_EQ(std::ranges::count(origin.requests(), kFail), 0) << status;
  }
}

TEST(TaskRunner, LetsTheLeaseRunOutWhenTheOriginCanNotTakeAProduct) {
  for (const std::string& trouble : {answer_of(507), std::string()}) {
    RecordingOrigin origin([&trouble](std::string_view request) {
      return request.starts_with("PUT") ? trouble : answer_of(200);
    });
    EXPECT_EQ(run(origin, "product"), Ending::kLeaseLost) << trouble;
    EXPECT_EQ(std::ranges::count(origin.requests(), kGiveBack), 0) << trouble;
    EXPECT_EQ(std::ranges::count(origin.requests(), kFail), 0) << trouble;
  }
}

TEST(TaskRunner, SaysThatAProductWasRefused) {
  RecordingOrigin origin([](std::string_view request) {
    return request.starts_with("PUT") ? answer_of(422, R"({"detail": "its width is 1"})")
                                      : answer_of(200);
  });
  EXPECT_EQ(run(origin, "product"), Ending::kFailed);
  EXPECT_EQ(origin.requests(), (Requests{kPut, kFail}));
}

TEST(TaskRunner, ATaskWhoseResultIsRefusedIsNotDone) {
  RecordingOrigin origin([](std::string_view request) {
    return request.find("/complete") == std::string_view::npos
               ? answer_of(200)
               : answer_of(400, R"({"detail": "the probe result makes no sense"})");
  });
  EXPECT_EQ(run(origin, "product"), Ending::kFailed);
  EXPECT_EQ(origin.requests(), (Requests{kPut, kComplete})) << "the origin counts it by itself";
}

TEST(TaskRunner, SaysThatTheOriginHasNoSuchSource) {
  RecordingOrigin origin([](std::string_view request) {
    return answer_of(request.find("/source") == std::string_view::npos ? 200 : 404);
  });
  EXPECT_EQ(run(origin, "sum"), Ending::kFailed);
  EXPECT_EQ(origin.requests().back(), kFail);
}

}  // namespace
}  // namespace worker
