#include "edge/cache_status.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

std::string text(const CacheStatus& status) {
  std::string out;
  append(out, status, "edge-1");
  return out;
}

TEST(CacheStatus, NamesHits) {
  EXPECT_EQ(text({.hit = true, .ttl = std::chrono::seconds(376), .detail = "ram"}),
            "edge-1; hit; ttl=376; detail=ram");
}

TEST(CacheStatus, NamesWhyARequestWentForward) {
  EXPECT_EQ(
      text(
          {.forward = Forward::kUriMiss, .stored = true, .collapsed = true, .forward_status = 200}),
      "edge-1; fwd=uri-miss; fwd-status=200; stored; collapsed");
  EXPECT_EQ(text({.forward = Forward::kBypass}), "edge-1; fwd=bypass");
}

TEST(ResultWord, IsOneForEachKind) {
  EXPECT_EQ(result_word({}), "none");
  EXPECT_EQ(result_word({.hit = true, .ttl = std::chrono::seconds(1)}), "hit");
  EXPECT_EQ(result_word({.hit = true, .ttl = std::chrono::seconds(-1)}), "stale");
  EXPECT_EQ(result_word({.forward = Forward::kStale, .forward_status = 304}), "revalidated");
  EXPECT_EQ(result_word({.forward = Forward::kUriMiss}), "miss");
  EXPECT_EQ(result_word({.forward = Forward::kMethod}), "pass");
}

}  // namespace
}  // namespace edge
