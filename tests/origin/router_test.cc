#include "origin/api/router.h"

#include <gtest/gtest.h>

#include <string>

namespace origin {
namespace {

base::Result<ApiAnswer> nothing(const ApiCall&, const std::string&) { return ApiAnswer::empty(); }

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add({.method = "GET", .pattern = "/api/videos", .handle = nothing});
    router_.add({.method = "POST", .pattern = "/api/videos", .handle = nothing});
    router_.add({.method = "GET", .pattern = "/api/videos/{id}/tasks/{task}", .handle = nothing});
  }
  Router router_;
};

TEST_F(RouterTest, FindsByMethodAndPath) {
  EXPECT_EQ(router_.find("GET", "/api/videos").route, &router_.routes()[0]);
  EXPECT_EQ(router_.find("HEAD", "/api/videos").route, &router_.routes()[0]);
  EXPECT_EQ(router_.find("POST", "/api/videos").route, &router_.routes()[1]);
  const auto found = router_.find("GET", "/api/videos/a%20b/tasks/7");
  ASSERT_EQ(found.route, &router_.routes()[2]);
  EXPECT_EQ(found.names, (std::vector<std::string>{"a b", "7"}));
}

TEST_F(RouterTest, TellsWhatAPathTakesAndWhatIsNone) {
  const auto wrong_method = router_.find("PUT", "/api/videos");
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_EQ(wrong_method.allow, "GET, HEAD, POST");
  for (const char* path : {"/api", "/api/videos/", "/api/videos/x", "/api/videosx", "", "/",
                           "/api/videos//tasks/1", "/api/videos/x/tasks/"}) {
    const auto none = router_.find("GET", path);
    EXPECT_EQ(none.route, nullptr) << path;
    EXPECT_EQ(none.allow, "") << path;
  }
}

TEST_F(RouterTest, ANameIsUtf8WithoutSlashAndControlCharacter) {
  for (const char* name :
       {"%2F", "a%2fb", "%00", "%0A", "%", "%4", "%zz", "%7f", "%ff", "\xff", "a%c3"}) {
    EXPECT_EQ(router_.find("GET", std::string("/api/videos/") + name + "/tasks/1").route, nullptr)
        << name;
  }
}

TEST(Query, IsReadPairByPair) {
  const auto pairs = parse_query("a=1&b=x%20y&&c&d=&a=2&%zz=1&e=%zz&f=%ff&=5");
  const std::map<std::string, std::string> expected{{"a", "2"}, {"b", "x y"}, {"c", ""}, {"d", ""}};
  EXPECT_EQ(pairs, expected);
}

}  // namespace
}  // namespace origin
