#include "origin/media_plan.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/date.h"
#include "origin/preconditions.h"

namespace origin {
namespace {

constexpr base::WallTime kNow{std::chrono::milliseconds(1'700'000'000'500)};
constexpr base::WallTime kModified = kNow - std::chrono::hours(1);

// A request for an object of 10 bytes.
struct Asked {
  explicit Asked(base::Fields fields = {}, std::string method = "GET") {
    request.method = std::move(method);
    request.fields = std::move(fields);
  }
  [[nodiscard]] MediaPlan plan(std::string_view name = "v/1.mp4") const {
    return plan_object(request, name, object, rules, kNow);
  }
  [[nodiscard]] int status() const { return plan().head.status; }
  [[nodiscard]] std::string field(std::string_view name) const {
    return plan().head.own.joined(name);
  }

  http::RequestHead request;
  ObjectInfo object{10, kModified, "\"v1\""};
  MediaRules rules = MediaRules::defaults();
};

std::string date(base::WallTime time) { return http::format_date(time); }

TEST(MediaPlan, GivesTheWholeWithEverythingACacheNeeds) {
  const MediaPlan plan = Asked().plan();
  EXPECT_EQ(plan.head.status, 200);
  EXPECT_EQ(plan.length, 10U);
  ASSERT_EQ(plan.parts.size(), 1U);
  EXPECT_EQ(plan.parts[0].range, (http::ByteRange{0, 9}));
  EXPECT_EQ(plan.head.own.find("etag"), "\"v1\"");
  EXPECT_EQ(plan.head.own.find("last-modified"), date(kModified));
  EXPECT_EQ(plan.head.own.find("accept-ranges"), "bytes");
  EXPECT_EQ(plan.head.own.find("content-type"), "video/mp4");
  EXPECT_EQ(plan.head.own.find("access-control-allow-origin"), "*");
}

TEST(MediaPlan, WhatHasAHashInItsNameIsKeptAndWhatHasNoneIsAskedForAgain) {
  const MediaRules rules = MediaRules::defaults();
  const auto kept = [&](const char* name) {
    const MediaPlan plan =
        plan_object({.method = "GET"}, name, {10, kModified, "\"v\""}, rules, kNow);
    return std::string(plan.head.own.find("cache-control").value_or(""));
  };
  const std::string year = "public, max-age=31536000, immutable";
  EXPECT_EQ(kept("media/abc/images/sheet-0123.jpg"), year);
  EXPECT_EQ(kept("media/abc/images/poster-0123.jpg"), year);
  EXPECT_EQ(kept("media/abc/captions/pt-BR.0123.vtt"), year);
  EXPECT_EQ(kept("media/abc/poster.jpg"), "public, max-age=2");
  EXPECT_EQ(kept("media/abc/storyboard.vtt"), "public, max-age=2");
  EXPECT_EQ(kept("captions/en.vtt"), "public, max-age=300");
}

TEST(MediaPlan, GivesHeadTheSameFieldsWithoutABody) {
  const MediaPlan get = Asked().plan();
  const MediaPlan head = Asked({{"range", "bytes=0-1"}}, "HEAD").plan();
  EXPECT_EQ(head.head.status, 200);  // Range means something for GET only.
  EXPECT_EQ(head.head.own, get.head.own);
  EXPECT_EQ(head.length, 10U);
  EXPECT_TRUE(head.parts.empty());
}

TEST(MediaPlan, GivesAnEmptyObject) {
  Asked asked;
  asked.object.size = 0;
  EXPECT_EQ(asked.plan().length, 0U);
  EXPECT_TRUE(asked.plan().parts.empty());
}

TEST(MediaPlan, NeverDatesAnObjectInTheFuture) {
  Asked asked;
  asked.object.modified = kNow + std::chrono::hours(1);
  EXPECT_EQ(asked.field("last-modified"), date(kNow));
}

TEST(MediaPlan, ChoosesCacheControlByTheFirstRuleThatMatches) {
  const Asked asked;
  const auto value = [&](std::string_view name) {
    return std::string(*asked.plan(name).head.own.find("cache-control"));
  };
  EXPECT_EQ(value("v/7/seg-1.ts"), "public, max-age=31536000, immutable");
  EXPECT_EQ(value("v/7/init.mp4"), "public, max-age=31536000, immutable");
  EXPECT_EQ(value("v/7/master.m3u8"), "public, max-age=2");
  EXPECT_EQ(value("poster.jpg"), "public, max-age=300");

  Asked own;
  own.rules = {{{{"v/*", "w/?.ts"}, "no-store"}, {{"*.ts"}, "max-age=1"}}, "", ""};
  EXPECT_EQ(own.plan("v/a/b.ts").head.own.find("cache-control"), "no-store");
  EXPECT_EQ(own.plan("w/1.ts").head.own.find("cache-control"), "no-store");
  EXPECT_EQ(own.plan("w/12.ts").head.own.find("cache-control"), "max-age=1");
  EXPECT_FALSE(own.plan("x.mp4").head.own.contains("cache-control"));
  EXPECT_FALSE(own.plan("x.mp4").head.own.contains("access-control-allow-origin"));
}

// Ranges.

TEST(MediaPlan, ServesOneRange) {
  const MediaPlan plan = Asked({{"range", "bytes=2-4"}}).plan();
  EXPECT_EQ(plan.head.status, 206);
  EXPECT_EQ(plan.length, 3U);
  EXPECT_EQ(plan.head.own.find("content-range"), "bytes 2-4/10");
  EXPECT_EQ(plan.head.own.find("content-type"), "video/mp4");
  EXPECT_EQ(plan.parts[0].range, (http::ByteRange{2, 4}));
}

TEST(MediaPlan, ServesSeveralRangesAsMultipart) {
  const MediaPlan plan = Asked({{"range", "bytes=0-1,-2"}}).plan();
  EXPECT_EQ(plan.head.status, 206);
  EXPECT_FALSE(plan.head.own.contains("content-range"));
  EXPECT_TRUE(plan.head.own.find("content-type")->starts_with("multipart/byteranges; boundary="));
  std::uint64_t total = 0;
  for (const MediaPart& part : plan.parts) {
    total += part.range ? part.range->length() : part.text.size();
  }
  EXPECT_EQ(plan.length, total);
  ASSERT_EQ(plan.parts.size(), 5U);
  EXPECT_EQ(plan.parts[1].range, (http::ByteRange{0, 1}));
  EXPECT_EQ(plan.parts[3].range, (http::ByteRange{8, 9}));
}

TEST(MediaPlan, Says416AndTheSizeWhenNoRangeExists) {
  const MediaPlan plan = Asked({{"range", "bytes=10-"}}).plan();
  EXPECT_EQ(plan.head.status, 416);
  EXPECT_EQ(plan.head.own.find("content-range"), "bytes */10");
  EXPECT_EQ(plan.head.own.find("content-type"), "application/problem+json");
}

TEST(MediaPlan, ServesFourRangesAndRefusesFive) {
  EXPECT_EQ(Asked({{"range", "bytes=0-0,2-2,4-4,6-6"}}).status(), 206);
  EXPECT_EQ(Asked({{"range", "bytes=0-0,2-2,4-4,6-6,8-8"}}).status(), 416);
  EXPECT_EQ(Asked({{"range", "bytes=0-0,1-1,2-2,3-3,4-4"}}).status(), 206);  // Joined: one.
}

TEST(MediaPlan, IgnoresWhatIsNoByteRange) {
  for (const std::string_view value : {"bytes=", "bytes=4-2", "lines=1-2", "bytes=x", "0-4"}) {
    EXPECT_EQ(Asked({{"range", value}}).status(), 200) << value;
  }
  EXPECT_EQ(Asked({{"range", "bytes=0-1"}, {"range", "bytes=2-3"}}).status(), 200);
}

// What a plan sends equals what a plain reading of RFC 9110 §14 gives, for any single range.
TEST(MediaPlan, AgreesWithAModelOnRandomRanges) {
  std::mt19937 random(11);
  const auto number = [&](std::uint64_t max) { return random() % (max + 1); };
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t size = number(12), first = number(14), last = number(14);
    const unsigned form = random() % 3;
    const std::string range = form == 0   ? std::to_string(first) + "-" + std::to_string(last)
                              : form == 1 ? std::to_string(first) + "-"
                                          : "-" + std::to_string(last);
    Asked asked({{"range", "bytes=" + range}});
    asked.object.size = size;

    int status = 206;
    std::uint64_t from = 0, to = 0;  // Half-open.
    if (form == 2) {
      from = size - std::min(last, size);
      to = size;
      if (last == 0 || size == 0) status = 416;
    } else {
      from = first;
      to = form == 0 ? std::min(last + 1, size) : size;
      if (first >= size) status = 416;
      if (form == 0 && last < first) status = 200;
    }
    const MediaPlan plan = asked.plan();
    ASSERT_EQ(plan.head.status, status) << range << " of " << size;
    if (status != 206) continue;
    ASSERT_EQ(plan.parts.size(), 1U);
    ASSERT_EQ(plan.parts[0].range, (http::ByteRange{from, to - 1})) << range << " of " << size;
    ASSERT_EQ(plan.length, to - from);
  }
}

// Conditions.

TEST(MediaPlan, AnswersIfNoneMatch) {
  for (const std::string_view match : {"\"v1\"", "W/\"v1\"", "\"a\", \"v1\"", ",, \"v1\"", "*"}) {
    EXPECT_EQ(Asked({{"if-none-match", match}}).status(), 304) << match;
    EXPECT_EQ(Asked({{"if-none-match", match}}, "HEAD").status(), 304) << match;
  }
  for (const std::string_view match : {"\"v2\"", "v1", "\"v1", "\"v\"1\"", "x, \"v1\"", ""}) {
    EXPECT_EQ(Asked({{"if-none-match", match}}).status(), 200) << match;
  }
  EXPECT_EQ(Asked({{"if-none-match", "\"a\""}, {"if-none-match", "\"v1\""}}).status(), 304);
}

TEST(MediaPlan, GivesNotModifiedTheFieldsThatUpdateACache) {
  const MediaPlan plan = Asked({{"if-none-match", "\"v1\""}}).plan();
  EXPECT_EQ(plan.head.own.find("etag"), "\"v1\"");
  EXPECT_EQ(plan.head.own.find("cache-control"), "public, max-age=300");
  EXPECT_FALSE(plan.head.own.contains("content-type"));
  EXPECT_FALSE(plan.length.has_value());
  EXPECT_TRUE(plan.parts.empty());
}

TEST(MediaPlan, AnswersDatesToTheSecond) {
  const auto second = std::chrono::seconds(1);
  EXPECT_EQ(Asked({{"if-modified-since", date(kModified)}}).status(), 304);
  EXPECT_EQ(Asked({{"if-modified-since", date(kModified - second)}}).status(), 200);
  EXPECT_EQ(Asked({{"if-modified-since", "yesterday"}}).status(), 200);
  EXPECT_EQ(Asked({{"if-unmodified-since", date(kModified)}}).status(), 200);
  EXPECT_EQ(Asked({{"if-unmodified-since", date(kModified - second)}}).status(), 412);
}

TEST(MediaPlan, LetsEntityTagsOverruleDates) {
  EXPECT_EQ(Asked({{"if-none-match", "\"v2\""}, {"if-modified-since", date(kModified)}}).status(),
            200);
  EXPECT_EQ(Asked({{"if-match", "\"v1\""},
                   {"if-unmodified-since", date(kModified - std::chrono::seconds(1))}})
                .status(),
            200);
}

TEST(MediaPlan, AnswersIfMatchStrongly) {
  EXPECT_EQ(Asked({{"if-match", "\"v1\""}}).status(), 200);
  EXPECT_EQ(Asked({{"if-match", "*"}}).status(), 200);
  EXPECT_EQ(Asked({{"if-match", "W/\"v1\""}}).status(), 412);
  EXPECT_EQ(Asked({{"if-match", "\"v2\""}}).status(), 412);
  // Before the range is looked at: RFC 9110 §13.2.2.
  EXPECT_EQ(Asked({{"if-match", "\"v2\""}, {"range", "bytes=0-1"}}).status(), 412);
}

TEST(MediaPlan, ServesARangeOnlyOfTheVersionThatIfRangeNames) {
  const auto with = [](std::string_view if_range) {
    return Asked({{"range", "bytes=0-1"}, {"if-range", if_range}});
  };
  EXPECT_EQ(with("\"v1\"").status(), 206);
  EXPECT_EQ(with(date(kModified)).status(), 206);
  EXPECT_EQ(with("\"v2\"").status(), 200);
  EXPECT_EQ(with("W/\"v1\"").status(), 200);
  EXPECT_EQ(with(date(kModified + std::chrono::seconds(1))).status(), 200);
  EXPECT_EQ(with("junk").status(), 200);

  Asked weak = with("W/\"v1\"");
  weak.object.etag = "W/\"v1\"";
  EXPECT_EQ(weak.status(), 200);
  Asked fresh = with(date(kNow));
  fresh.object.modified = kNow;
  EXPECT_EQ(fresh.status(), 200);  // It may have changed twice within that second.
}

// Names.

TEST(ObjectName, DecodesAPath) {
  EXPECT_EQ(object_name("/v/1.mp4?t=3"), "v/1.mp4");
  EXPECT_EQ(object_name("/a%20b/%C3%A4.ts"), "a b/\xc3\xa4.ts");
  EXPECT_EQ(object_name("/a+b&c=d;e"), "a+b&c=d;e");
}

TEST(ObjectName, RefusesWhatCouldBeReadInTwoWays) {
  using base::ErrorCode;
  for (const std::string_view target :
       {"/a%2Fb", "/a%2fb", "/a%00b", "/a%", "/a%4", "/a%zz", "*"}) {
    EXPECT_EQ(object_name(target).error().code, ErrorCode::kInvalid) << target;
  }
  for (const std::string_view target : {"/", "//", "/..", "/a/../b", "/%2e%2e/b", "/a//b",
                                        "/.git/config", "/a%5c..%5cb", "/a/", "/a%0ab"}) {
    EXPECT_EQ(object_name(target).error().code, ErrorCode::kNotFound) << target;
  }
}

}  // namespace
}  // namespace origin
