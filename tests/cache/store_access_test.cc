// The store and what is not for everyone: the mark comes with the response and stays with the object.
#include <gtest/gtest.h>

#include "cache/admission.h"
#include "cache/store.h"
#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

class StoreAccess : public StoreFixture {
 protected:
  static Resource guarded(Resource resource) {
    resource.fields.set("headrace-access", "token");
    return resource;
  }
};

TEST_F(StoreAccess, TheMarkIsKeptWithTheObjectAndNotAmongItsFields) {
  fetched(guarded(resource(1'000)));
  StoreClient& client = get();
  EXPECT_EQ(client.object()->head().access, Access::kToken);
  EXPECT_FALSE(client.object()->fields()->fields.contains("headrace-access"));
}

TEST_F(StoreAccess, WhatLetUsKeepItLetsNobodyElse) {
  Resource video = guarded(resource(1'000));
  video.fields.set("cache-control", "private");
  video.fields.set("surrogate-control", "max-age=60;headrace");
  fetched(video);
  EXPECT_FALSE(get().object()->fields()->fields.contains("surrogate-control"));
  loop.advance(std::chrono::seconds(61));
  StoreClient& client = get();
  serve(video);
  EXPECT_TRUE(client.opened().revalidated);
  StoreClient& later = get();
  EXPECT_FALSE(later.asked_origin());
  EXPECT_FALSE(later.object()->fields()->fields.contains("surrogate-control"));
}

TEST_F(StoreAccess, WithoutTheMarkItIsForAnyone) {
  fetched(resource(1'000));
  EXPECT_EQ(get().object()->head().access, Access::kAnyone);
}

TEST_F(StoreAccess, AMarkThatIsNotUnderstoodStillKeepsPeopleOut) {
  Resource video = resource(1'000);
  video.fields.set("headrace-access", "something newer");
  fetched(video);
  EXPECT_EQ(get().object()->head().access, Access::kToken);
}

TEST_F(StoreAccess, A304CanGiveTheMarkButNotTakeIt) {
  fetched(guarded(resource(1'000)));
  loop.advance(std::chrono::seconds(61));
  StoreClient& client = get();
  serve(resource(1'000));
  EXPECT_TRUE(client.opened().revalidated);
  EXPECT_EQ(get().object()->head().access, Access::kToken);

  fetched(resource(1'000), {.key_text = "site\n/open.mp4"});
  loop.advance(std::chrono::seconds(61));
  get({.key_text = "site\n/open.mp4"});
  serve(guarded(resource(1'000)));
  EXPECT_EQ(get({.key_text = "site\n/open.mp4"}).object()->head().access, Access::kToken);
}

TEST_F(StoreAccess, A200ToARevalidationSaysItAnew) {
  fetched(guarded(resource(1'000, "\"v1\"")));
  loop.advance(std::chrono::seconds(61));
  fetched(resource(1'000, "\"v2\""));
  EXPECT_EQ(get().object()->head().access, Access::kAnyone);
}

// A part that is missing comes with the mark, though the object had none when its reader found it.
TEST_F(StoreAccess, AReaderGetsNoMoreOfWhatIsKeptFromPeopleMeanwhile) {
  const Resource video = resource(4 * kChunk);
  get({.range = Span{0, 9}});
  serve(video);
  StoreClient& later = get({.range = Span{3 * kChunk, 3 * kChunk + 9}});
  serve(guarded(video));
  EXPECT_EQ(later.end(), StoreClient::End::kError);
  EXPECT_EQ(later.error().code, base::ErrorCode::kAborted);
  EXPECT_TRUE(later.bytes().empty());
}

}  // namespace
}  // namespace cache
