#include "origin/media_access.h"

#include <gtest/gtest.h>

#include <chrono>

#include "origin/media_signer.h"

namespace origin {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kNow{1'700'000'000s};
constexpr std::string_view kEdge = "10.1.2.3";
constexpr std::string_view kStranger = "192.0.2.7";

struct MediaAccessTest : testing::Test {
  MediaAccess make() {
    http::MediaKeys keys;
    keys.add(signer.public_key());
    return {std::move(keys),
            {*http::AddressRange::parse("10.0.0.0/8")},
            [](std::string_view video) -> base::Result<std::string> {
              if (video == "pub") return "public";
              if (video == "priv") return "private";
              if (video == "down") return base::fail(base::ErrorCode::kIo, "no database");
              return base::fail(base::ErrorCode::kNotFound, "no such video");
            }};
  }
  base::Result<MediaGrant> grant(std::string target, std::string_view address = kStranger,
                                 base::Fields fields = {}) {
    http::RequestHead head;
    head.method = "GET";
    head.target = std::move(target);
    head.fields = std::move(fields);
    return access.grant(head, address, kNow);
  }
  std::string code(std::string target, std::string_view address = kStranger,
                   const base::Fields& fields = {}) {
    const auto granted = grant(std::move(target), address, fields);
    return granted ? "granted" : std::string(base::name_of(granted.error().code));
  }
  std::string tokened(std::string_view rest, base::WallTime expires = kNow + 1min) {
    return "/media/~" + signer.token("/priv/", expires) + std::string(rest);
  }

  const base::Fields enforced{{"headrace-media-access", "enforced"}};
  MediaSigner signer{"k1", base::Ed25519PrivateKey::make()};
  MediaAccess access = make();
};

TEST_F(MediaAccessTest, WhatIsPublicIsForAnyone) {
  const auto granted = grant("/media/pub/a%2em4s?x");
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->name, "media/pub/a.m4s");
  EXPECT_EQ(granted->terms, MediaTerms::kPublic);
  EXPECT_EQ(grant("/elsewhere/a")->terms, MediaTerms::kPublic);
}

TEST_F(MediaAccessTest, WhatIsPrivateIsForTrustedEdgesThatEnforce) {
  EXPECT_EQ(code("/media/priv/a"), "denied");
  EXPECT_EQ(code("/media/priv/a", kEdge), "denied");
  EXPECT_EQ(code("/media/priv/a", kStranger, enforced), "denied");
  EXPECT_EQ(code("/media/priv/a", kEdge, {{"headrace-media-access", "verified"}}), "denied");
  const auto granted = grant("/media/priv/a", kEdge, enforced);
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->terms, MediaTerms::kGuarded);
  EXPECT_EQ(grant("/media/pub/a", kEdge, enforced)->terms, MediaTerms::kPublic);
}

TEST_F(MediaAccessTest, NoSpellingOfAPrivatePathIsPublic) {
  for (const char* target :
       {"/media/%70riv/a", "/medi%61/priv/a", "/media/priv/%61", "/media/priv"}) {
    EXPECT_EQ(code(target), "denied") << target;
  }
  for (const char* target : {"/media//priv/a", "//media/priv/a", "/media/./priv/a",
                             "/media/pub/../priv/a", "/media/pub/%2e%2e/priv/a"}) {
    EXPECT_EQ(code(target), "not_found") << target;
  }
}

TEST_F(MediaAccessTest, OfAVideoThatIsNotKnownNothingIsServed) {
  EXPECT_EQ(code("/media/gone/a"), "not_found");
  EXPECT_EQ(code("/media/gone/a", kEdge, enforced), "not_found");
  EXPECT_EQ(code("/media/down/a"), "io");
}

TEST_F(MediaAccessTest, ATokenOpensItsVideoAndIsKeptByNobody) {
  const auto granted = grant(tokened("/priv/a"));
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->name, "media/priv/a");
  EXPECT_EQ(granted->terms, MediaTerms::kPersonal);
  EXPECT_EQ(code(tokened("/priv/a", kNow)), "denied");
  EXPECT_EQ(code(tokened("/pub/a")), "denied");
  EXPECT_EQ(code(tokened("/priv/../pub/a")), "not_found");
  EXPECT_EQ(code("/media/~nonsense/priv/a"), "denied");
  // Even from an edge: the URL is the token's.
  EXPECT_EQ(grant(tokened("/priv/a"), kEdge, enforced)->terms, MediaTerms::kPersonal);
}

TEST(MediaAccess, WithoutACatalogueNothingIsGuarded) {
  const MediaAccess access;
  http::RequestHead head;
  head.target = "/media/priv/a";
  EXPECT_EQ(access.grant(head, kStranger, kNow)->terms, MediaTerms::kPublic);
}

TEST(ApplyTerms, SaysToCachesWhoMayKeepIt) {
  const MediaGrant guarded{"media/v/a", "v", MediaTerms::kGuarded};
  base::Fields fields{{"cache-control", "public, max-age=60, s-maxage=90, immutable"}};
  apply_terms(guarded, fields);
  EXPECT_EQ(fields.find("headrace-access"), "token");
  EXPECT_EQ(fields.find("cache-control"), "private, max-age=60, immutable");
  EXPECT_EQ(fields.find("surrogate-control"),
            "public;headrace, max-age=60;headrace, s-maxage=90;headrace, immutable;headrace");
  EXPECT_EQ(fields.find("surrogate-key"), "v");

  base::Fields none;
  apply_terms(guarded, none);
  EXPECT_EQ(none.find("cache-control"), "private");
  EXPECT_FALSE(none.contains("surrogate-control"));

  base::Fields personal{{"cache-control", "public, max-age=60"}};
  apply_terms({"media/v/a", "v", MediaTerms::kPersonal}, personal);
  EXPECT_EQ(personal.find("cache-control"), "private, no-store");
  EXPECT_FALSE(personal.contains("headrace-access"));

  base::Fields open{{"cache-control", "public, max-age=60"}};
  apply_terms({"media/v/a", "v", MediaTerms::kPublic}, open);
  EXPECT_EQ(open.find("cache-control"), "public, max-age=60");
  EXPECT_FALSE(open.contains("headrace-access"));
}

}  // namespace
}  // namespace origin
