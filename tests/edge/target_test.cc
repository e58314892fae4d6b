#include "edge/target.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

http::RequestHead request(const base::Fields& fields) {
  http::RequestHead head;
  head.method = "GET";
  head.authority = "video.example";
  head.target = "/v";
  head.fields = fields;
  return head;
}

SiteConfig site_config(std::vector<std::string> media_keys = {}) {
  SiteConfig config;
  config.hosts = {"*"};
  config.origins = {"http://127.0.0.1:9"};
  config.media_keys = std::move(media_keys);
  return config;
}

base::Fields forwarded(const base::Fields& fields, Forwarding forwarding = Forwarding::kPass,
                       const SiteConfig& config = site_config()) {
  const base::SystemClock clock;
  const Site site(config, clock);
  return forwarded_fields(request(fields), {.address = "192.0.2.7", .tls = true}, site, "edge-1",
                          "id", forwarding);
}

TEST(ForwardedFields, ClaimsOfTheClientAreReplaced) {
  const base::Fields fields = forwarded({{"x-forwarded-for", "10.0.0.1"},
                                         {"forwarded", "for=evil"},
                                         {"x-real-ip", "10.0.0.1"},
                                         {"x-forwarded-host", "evil"},
                                         {"x-http-method-override", "DELETE"},
                                         {"accept", "*/*"}});
  EXPECT_EQ(fields.find("x-forwarded-for"), "192.0.2.7");
  EXPECT_EQ(fields.find("forwarded"), "for=192.0.2.7;host=\"video.example\";proto=https");
  EXPECT_EQ(fields.find("x-forwarded-host"), "video.example");
  EXPECT_EQ(fields.find("x-forwarded-proto"), "https");
  EXPECT_FALSE(fields.contains("x-real-ip"));
  EXPECT_FALSE(fields.contains("x-http-method-override"));
  EXPECT_EQ(fields.find("accept"), "*/*");
}

TEST(ForwardedFields, OnlyASiteWithKeysSaysThatItEnforces) {
  SiteConfig keyed =
      site_config({http::to_text({"k1", base::Ed25519PrivateKey::make().public_key()})});
  for (const Forwarding forwarding : {Forwarding::kFill, Forwarding::kPass}) {
    const base::Fields claim{{"headrace-media-access", "enforced"},
                             {"headrace_media_access", "enforced"}};
    const base::Fields plain = forwarded(claim, forwarding);
    EXPECT_FALSE(plain.contains("headrace-media-access"));
    EXPECT_FALSE(plain.contains("headrace_media_access"));
    const base::Fields said = forwarded({{"headrace-media-access", "no"}}, forwarding, keyed);
    EXPECT_EQ(said.count("headrace-media-access"), 1U);
    EXPECT_EQ(said.find("headrace-media-access"), "enforced");
  }
}

TEST(ForwardedFields, NoTokenIsInTheReferer) {
  const base::Fields fields = forwarded({{"referer", "https://v.example/media/~k1.2.3.S/v/a"}});
  EXPECT_EQ(fields.find("referer"), "https://v.example/media/~/v/a");
}

TEST(ForwardedFields, AFillCarriesNoRangeAndNoCondition) {
  const base::Fields sent{{"range", "bytes=0-1"}, {"if-none-match", "\"a\""}};
  EXPECT_TRUE(forwarded(sent, Forwarding::kPass).contains("range"));
  EXPECT_FALSE(forwarded(sent, Forwarding::kFill).contains("range"));
  EXPECT_FALSE(forwarded(sent, Forwarding::kFill).contains("if-none-match"));
}

TEST(ForwardedFields, AFillNamesNoClientHostOrScheme) {
  for (const base::Field field : forwarded({{"x-forwarded-host", "evil"}}, Forwarding::kFill)) {
    EXPECT_FALSE(field.name.starts_with("x-forwarded-") || field.name == "forwarded") << field.name;
  }
}

TEST(ForwardedFields, ViaAndCdnLoopAreExtended) {
  const base::Fields fields = forwarded({{"via", "1.1 other"}, {"cdn-loop", "other; x=1"}});
  EXPECT_EQ(fields.find("via"), "1.1 other, 1.1 edge-1");
  EXPECT_EQ(fields.find("cdn-loop"), "other; x=1, edge-1");
}

TEST(ForwardedFields, AFillSaysWhatSurrogateControlMayBeAimedAt) {
  const base::Fields sent{{"surrogate-capability", "other=\"Surrogate/1.0\""}};
  EXPECT_EQ(forwarded(sent, Forwarding::kFill).joined("surrogate-capability"),
            "headrace=\"Surrogate/1.0\"");
}

TEST(Looping, IsSeenByThisNodesNameOnly) {
  EXPECT_TRUE(is_looping({{"cdn-loop", "other, edge-1; a=b"}}, "edge-1"));
  EXPECT_FALSE(is_looping({{"cdn-loop", "edge-10, my-edge-1"}}, "edge-1"));
}

TEST(Host, IsTheOriginsAConfiguredOneOrTheClients) {
  const base::ManualClock clock;
  SiteConfig config{.hosts = {"*"}, .origins = {"http://o:9000"}};
  const auto url = *http::parse_url("http://o:9000/");
  EXPECT_EQ(host_of(Site(config, clock), url, "c"), "o:9000");
  config.origin_host = "client";
  EXPECT_EQ(host_of(Site(config, clock), url, "c"), "c");
  config.origin_host = "bucket.example";
  EXPECT_EQ(host_of(Site(config, clock), url, "c"), "bucket.example");
}

}  // namespace
}  // namespace edge
