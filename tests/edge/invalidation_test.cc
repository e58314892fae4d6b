#include "edge/invalidation.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

http::RequestHead request() {
  http::RequestHead head;
  head.scheme = "https";
  head.authority = "v.example:8443";
  head.target = "/a/b?c=1";
  return head;
}

TEST(SameOriginTarget, ResolvesWhatIsOfTheSameHost) {
  EXPECT_EQ(same_origin_target("/x?y=1#z", request()), "/x?y=1");
  EXPECT_EQ(same_origin_target("x", request()), "/a/x");
  EXPECT_EQ(same_origin_target("https://v.example:8443/x", request()), "/x");
  EXPECT_EQ(same_origin_target("//v.example:8443/x", request()), "/x");
}

TEST(SameOriginTarget, LeavesOthersAlone) {
  for (const char* location : {"https://other.example:8443/x", "http://v.example:8443/x",
                               "https://v.example/x", "//other.example/x", "", "/a b"}) {
    EXPECT_EQ(same_origin_target(location, request()), std::nullopt) << location;
  }
}

TEST(InvalidatedTargets, AreTheRequestsOwnAndThoseNamed) {
  EXPECT_EQ(invalidated_targets(request(), {{"location", "/new"}, {"content-location", "/c"}}),
            (std::vector<std::string>{"/a/b?c=1", "/new", "/c"}));
}

}  // namespace
}  // namespace edge
