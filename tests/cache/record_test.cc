#include "cache/record.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <chrono>

namespace cache {
namespace {

using namespace std::chrono_literals;

constexpr Key kKey{11, 22};

ObjectHead sample() {
  ObjectHead head;
  head.key = kKey;
  head.key_text = "video\n/v/1.ts";
  head.version = {33, 44};
  head.status = 203;
  head.fields = {{"content-type", "video/mp2t"}, {"x", ""}, {"x", "twice"}};
  head.etag = "\"abc\"";
  head.length = 2'500'000;
  head.freshness.response_time = base::WallTime(1'700'000'000'123ms);
  head.freshness.age_initial = 5s;
  head.freshness.lifetime = -7ms;
  head.freshness.stale_if_error = 24h;
  head.freshness.no_cache = true;
  head.tags = {1, 2, ~std::uint64_t{0}};
  head.purge_sequence = 99;
  return head;
}

const Object& object_of(const base::Ref<Record>& record) {
  EXPECT_EQ(record->kind, Record::Kind::kObject);
  return static_cast<const Object&>(*record);
}

// The checksum as docs/cache.md has it, for bytes that were changed on purpose.
std::string sealed(std::string bytes) {
  const std::uint64_t checksum =
      XXH3_64bits_withSeed(bytes.data() + 8, bytes.size() - 8, kKey.high ^ kKey.low);
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(checksum >> (8 * i));
  return bytes;
}

TEST(Object, KnowsItsChunks) {
  ObjectHead head = sample();
  head.length = (2 << 20) + 1;
  const Object object(std::move(head));
  EXPECT_EQ(object.chunk_count(), 3U);
  EXPECT_EQ(object.chunk_length(0), 1U << 20);
  EXPECT_EQ(object.chunk_length(2), 1U);
  EXPECT_EQ(object.chunk_length(3), 0U);
}

TEST(Object, LearnsItsLengthOnce) {
  ObjectHead head = sample();
  head.length.reset();
  const auto object = base::make_ref<Object>(std::move(head));
  EXPECT_EQ(object->length(), std::nullopt);
  EXPECT_EQ(object->chunk_length(7), 1U << 20);
  object->set_length(0);
  EXPECT_EQ(object->length(), 0U);
  EXPECT_EQ(object->chunk_count(), 0U);
  EXPECT_DEATH(object->set_length(1), "CHECK failed");
}

TEST(Record, AnObjectComesBackAsItWas) {
  const auto stored = base::make_ref<Object>(sample());
  const auto decoded = decode(kKey, encode(*stored));
  ASSERT_TRUE(decoded);
  const Object& object = object_of(*decoded);
  const ObjectHead& head = object.head();
  EXPECT_EQ(object.key, kKey);
  EXPECT_EQ(object.key_text, "video\n/v/1.ts");
  EXPECT_EQ(object.version(), (Version{33, 44}));
  EXPECT_EQ(head.status, 203);
  EXPECT_EQ(object.fields()->fields, stored->fields()->fields);
  EXPECT_EQ(head.etag, "\"abc\"");
  EXPECT_EQ(object.length(), 2'500'000U);
  EXPECT_EQ(object.chunk_size(), 1U << 20);
  EXPECT_EQ(head.freshness, sample().freshness);
  EXPECT_EQ(head.tags, sample().tags);
  EXPECT_EQ(head.purge_sequence, 99U);
}

// Older versions read format 1 alone, and know nothing of access.
TEST(Record, WhatIsNotForEveryoneHasAFormatOfItsOwn) {
  ObjectHead head = sample();
  EXPECT_EQ(encode(Object(head))[8], 1);
  EXPECT_EQ(object_of(*decode(kKey, encode(Object(head)))).head().access, Access::kAnyone);
  head.access = Access::kToken;
  const std::string bytes = encode(Object(head));
  EXPECT_EQ(bytes[8], 2);
  EXPECT_EQ(object_of(*decode(kKey, bytes)).head().access, Access::kToken);
}

TEST(Record, AVaryRuleComesBackAsItWas) {
  const auto stored = base::make_ref<VaryRule>(
      kKey, "video\n/", std::vector<std::string>{"accept-encoding", "origin"}, 5U);
  const auto decoded = decode(kKey, encode(*stored));
  ASSERT_TRUE(decoded);
  ASSERT_EQ((*decoded)->kind, Record::Kind::kVaryRule);
  const auto& rule = static_cast<const VaryRule&>(**decoded);
  EXPECT_EQ(rule.names, stored->names);
  EXPECT_EQ(rule.purge_sequence, 5U);
}

TEST(Record, AnUnknownLengthAndAnEmptyBodyDiffer) {
  ObjectHead unknown = sample();
  unknown.length.reset();
  ObjectHead empty = sample();
  empty.length = 0;
  EXPECT_EQ(object_of(*decode(kKey, encode(Object(unknown)))).length(), std::nullopt);
  EXPECT_EQ(object_of(*decode(kKey, encode(Object(empty)))).length(), 0U);
}

TEST(Record, NoFlippedBitAndNoCutVerifies) {
  const std::string bytes = encode(Object(sample()));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(decode(kKey, damaged).error().code, base::ErrorCode::kCorrupt) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(decode(kKey, bytes.substr(0, size)).error().code, base::ErrorCode::kCorrupt) << size;
  }
}

// Even when someone has made the checksum fit.
TEST(Record, ACutThatVerifiesStillDoesNotParse) {
  const std::string bytes = encode(Object(sample()));
  for (std::size_t size = 10; size < bytes.size(); ++size) {
    ASSERT_FALSE(decode(kKey, sealed(bytes.substr(0, size)))) << size;
  }
  EXPECT_FALSE(decode(kKey, sealed(bytes + '\0')));
}

TEST(Record, DoesNotVerifyUnderAnotherKey) {
  EXPECT_EQ(decode(Key{11, 23}, encode(Object(sample()))).error().code, base::ErrorCode::kCorrupt);
}

TEST(Record, ANewerFormatIsNamed) {
  std::string bytes = encode(Object(sample()));
  bytes[8] = 3;
  EXPECT_EQ(decode(kKey, sealed(bytes)).error().code, base::ErrorCode::kUnsupported);
}

TEST(Record, ACountBeyondTheBytesAllocatesNothing) {
  std::string bytes = encode(*base::make_ref<VaryRule>(kKey, "", std::vector<std::string>{}, 0U));
  bytes.pop_back();
  bytes += "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";  // 2^64 - 1 names.
  EXPECT_EQ(decode(kKey, sealed(bytes)).error().code, base::ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace cache
