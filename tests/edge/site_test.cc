#include "edge/site.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

SiteConfig site(std::vector<std::string> hosts) {
  return {.hosts = std::move(hosts), .origins = {"http://127.0.0.1:9000"}};
}

std::string name_for(const SiteTable& sites, std::string_view host) {
  const auto& found = sites.find(host);
  return found ? found->name : "none";
}

TEST(SiteTable, PrefersTheExactHostThenTheLongestWildcardThenTheRest) {
  const base::ManualClock clock;
  const SiteTable sites({site({"*"}), site({"*.example.org"}), site({"*.video.example.org"}),
                         site({"a.example.org", "b.example.org"})},
                        clock);
  EXPECT_EQ(name_for(sites, "b.example.org"), "a.example.org");
  EXPECT_EQ(name_for(sites, "c.example.org"), "*.example.org");
  EXPECT_EQ(name_for(sites, "c.video.example.org"), "*.video.example.org");
  EXPECT_EQ(name_for(sites, "example.org"), "*");
  EXPECT_EQ(name_for(sites, ""), "*");
}

TEST(SiteTable, AnUnknownHostHasNoSite) {
  const base::ManualClock clock;
  const SiteTable sites({site({"video.example"})}, clock);
  EXPECT_EQ(name_for(sites, "other.example"), "none");
}

TEST(Site, AllowsConfiguredOrigins) {
  const base::ManualClock clock;
  SiteConfig config = site({"*"});
  config.cors.origins = {"https://player.example"};
  const Site allows_one(config, clock);
  EXPECT_EQ(allows_one.allowed_origin("https://player.example"), "https://player.example");
  EXPECT_EQ(allows_one.allowed_origin("https://other.example"), "");
  config.cors.origins = {"*"};
  EXPECT_EQ(Site(config, clock).allowed_origin("https://other.example"), "*");
}

}  // namespace
}  // namespace edge
