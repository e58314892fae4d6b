#include "cache/index_record.h"

#include <gtest/gtest.h>

#include "cache/index_key.h"

namespace cache {
namespace {

const ChunkKey kChunk{{1, 2}, 3};

ChunkEntry file_entry() {
  ChunkEntry entry{.object = {4, 5}, .length = 130'000, .place = {6, 7, 8 * 4096}};
  entry.checksums = {10, 11};
  return entry;
}

// Every change of one bit, and every shorter length, is noticed.
template <class Decode>
void expect_damage_is_noticed(const std::string& key, const std::string& value, Decode decode) {
  ASSERT_TRUE(decode(key, value));
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    ASSERT_EQ(decode(key, damaged).error().code, base::ErrorCode::kCorrupt) << "bit " << bit;
  }
  for (std::size_t length = 0; length < value.size(); ++length) {
    ASSERT_FALSE(decode(key, value.substr(0, length))) << "length " << length;
  }
  ASSERT_FALSE(decode(key, value + '\0'));
  ASSERT_FALSE(decode(key + "x", value)) << "under another key";
}

TEST(IndexRecord, AChunkInAFileComesBackAsItWas) {
  const std::string key = chunk_key(kChunk);
  const auto entry = decode_chunk_entry(key, encode(key, file_entry()));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->object, file_entry().object);
  EXPECT_EQ(entry->length, file_entry().length);
  EXPECT_EQ(entry->place, file_entry().place);
  EXPECT_EQ(entry->checksums, file_entry().checksums);
}

TEST(IndexRecord, ABodyUpToTwoKibibytesIsInline) {
  const std::string key = chunk_key(kChunk);
  ChunkEntry entry{.length = kInlineMax, .body = std::string(kInlineMax, 'x')};
  const auto decoded = decode_chunk_entry(key, encode(key, entry));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->is_inline());
  EXPECT_EQ(decoded->body, entry.body);
  ++entry.length;
  EXPECT_FALSE(decode_chunk_entry(key, encode(key, entry)));
}

TEST(IndexRecord, DamageIsNoticed) {
  const std::string chunk = chunk_key(kChunk);
  expect_damage_is_noticed(chunk, encode(chunk, file_entry()), decode_chunk_entry);
  const std::string record = record_key({1, 2});
  expect_damage_is_noticed(record, encode(record, RecordEntry{.home = {1, 2, 3}, .record = "text"}),
                           decode_record_entry);
  const std::string content = content_key({1, 2, 3});
  expect_damage_is_noticed(content, encode(content, ContentEntry{chunk, 5, 6}),
                           decode_content_entry);
  const std::string region = region_key(1);
  expect_damage_is_noticed(region, encode(region, RegionEntry{.epoch = 2, .birth = 3}),
                           decode_region_entry);
  const Purge purge{.kind = PurgeKind::kTag, .text = "s\nt", .sequence = 9};
  expect_damage_is_noticed(purge_key(purge), encode(purge_key(purge), purge), decode_purge);
}

TEST(IndexRecord, KeysOfOneObjectLieTogetherInTheirOrder) {
  EXPECT_LT(chunk_key({{1, 2}, 3}), chunk_key({{1, 2}, 256}));
  EXPECT_LT(chunk_key({{1, 2}, 0xFFFF'FFFF}), chunk_key({{1, 3}, 0}));
  EXPECT_TRUE(chunk_key(kChunk).starts_with(chunk_prefix(kChunk.version)));
  EXPECT_LT(content_key({1, 2, 4096}), content_key({1, 2, 1 << 20}));
}

TEST(IndexRecord, KeysParseBack) {
  EXPECT_EQ(parse_chunk_key(chunk_key(kChunk)), kChunk);
  EXPECT_EQ(parse_record_key(record_key({8, 9})), (Key{8, 9}));
  EXPECT_EQ(parse_content_key(content_key({1, 2, 3})), (DiskPlace{1, 2, 3}));
  EXPECT_EQ(parse_region_key(region_key(77)), 77U);
  EXPECT_FALSE(parse_chunk_key(record_key({8, 9})));
  EXPECT_FALSE(parse_region_key("e"));
}

TEST(IndexRecord, EqualBytesElsewhereHaveAnotherChecksum) {
  const std::uint64_t here = block_checksum(kChunk, 0, "bytes");
  EXPECT_NE(here, block_checksum(kChunk, 1, "bytes"));
  EXPECT_NE(here, block_checksum({kChunk.version, 4}, 0, "bytes"));
  EXPECT_NE(here, block_checksum({{1, 3}, 3}, 0, "bytes"));
  EXPECT_NE(here, block_checksum({{2, 2}, 3}, 0, "bytes"));
}

}  // namespace
}  // namespace cache
