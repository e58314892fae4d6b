#include "cache/index_writer.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <atomic>

#include "cache/index_key.h"
#include "tests/cache/disk_fixture.h"

namespace cache {
namespace {

// An index with a home region to write to, and nothing that runs beside it.
struct Desk {
  Desk()
      : index(*Index::open({.path = directory.path() + "/index",
                            .env = rocksdb::Env::Default(),
                            .memory = base::Bytes(1u << 20),
                            .write_buffer = base::Bytes(64u << 10),
                            .space_max = base::Bytes(16u << 20)})) {}

  std::string put_record(const std::string& text, int status) {
    ObjectHead head;
    head.key_text = text;
    head.key = key_of(text, 1);
    head.etag = "\"e\"";
    head.length = 10;
    head.status = status;
    CHECK(writer.put_record(*base::make_ref<Object>(head)));
    return *index->get(record_key(head.key));
  }

  const DiskDirectory directory;
  std::unique_ptr<Index> index;
  const std::unique_ptr<FileSystem> posix = make_posix_file_system();
  base::ManualClock clock;
  base::Metrics registry;
  Arena arena{base::Bytes(1u << 20)};
  MemoryTier memory{arena, {}, nullptr};
  Turns turns;
  DiskMetrics metrics{registry};
  DiskHealth health{directory.path()};
  Regions regions{
      {.limit = base::Bytes(16u << 20), .region_size = base::Bytes(1u << 20), .on_idle = nullptr}};
  RegionFiles files{*posix, directory.path() + "/regions", base::Bytes(1u << 20), false};
  PurgeTable purges{1, 100};
  TaskCount tasks;
  std::atomic<bool> closing{false};
  DiskParts parts{.options = Disk::small(directory.path()),
                  .context = {.files = *posix,
                              .clock = clock,
                              .metrics = registry,
                              .memory = memory,
                              .readers = turns,
                              .writer = turns,
                              .index = turns},
                  .metrics = metrics,
                  .health = health,
                  .index = *index,
                  .regions = regions,
                  .files = files,
                  .purges = purges,
                  .tasks = tasks,
                  .closing = closing};
  IndexWriter writer{parts};
};

TEST(IndexWriter, ARelocationLeavesAloneWhatHasChangedSinceItWasRead) {
  Desk desk;
  const std::string key = record_key(key_of("s\n/a", 1));
  const std::string read = desk.put_record("s\n/a", 200);
  const DiskPlace home = decode_record_entry(key, read)->home;
  const std::string newer = desk.put_record("s\n/a", 203);
  ASSERT_NE(read, newer);
  for (const auto what : {Relocation::What::kErase, Relocation::What::kNewHome}) {
    ASSERT_TRUE(
        desk.writer.relocate({{.what = what, .from = home, .index_key = key, .value = read}}));
    EXPECT_EQ(desk.index->get(key), newer);
  }
  ASSERT_TRUE(desk.writer.relocate({{.from = home, .index_key = key, .value = newer}}));
  EXPECT_FALSE(desk.index->get(key));
}

TEST(IndexWriter, ANewHomeKeepsTheEntryAndNamesItThere) {
  Desk desk;
  const std::string key = record_key(key_of("s\n/a", 1));
  const std::string read = desk.put_record("s\n/a", 200);
  const DiskPlace old = decode_record_entry(key, read)->home;
  ASSERT_TRUE(desk.writer.relocate(
      {{.what = Relocation::What::kNewHome, .from = old, .index_key = key, .value = read}}));
  const auto moved = decode_record_entry(key, *desk.index->get(key));
  ASSERT_TRUE(moved);
  EXPECT_NE(moved->home, old);
  EXPECT_EQ(moved->record, decode_record_entry(key, read)->record);
  EXPECT_FALSE(desk.index->get(content_key(old)));
  const std::string where = content_key(moved->home);
  EXPECT_EQ(decode_content_entry(where, *desk.index->get(where))->index_key, key);
}

// A version of one page, as a fill brings it.
ChunkCommit version_of_page(std::uint64_t name, std::uint64_t number, std::int64_t seconds) {
  ObjectHead head;
  head.key_text = "s\n/page";
  head.key = key_of(head.key_text, 1);
  head.version = {name, name};
  head.etag = "\"" + std::to_string(name) + "\"";
  head.length = 4;
  head.number = number;
  head.freshness.response_time = base::WallTime(std::chrono::seconds(seconds));
  auto object = base::make_ref<Object>(head);
  return {.object = object,
          .chunk = base::make_ref<Chunk>(ChunkKey{object->version(), 0}, 4, Chunk::Phase::kPartial),
          .entry = {.object = object->key, .length = 4, .body = "body"}};
}

TEST(IndexWriter, ANewerVersionIsStoredThoughTheClockHasGoneBack) {
  Desk desk;
  EXPECT_TRUE(desk.writer.commit({version_of_page(1, 1, 7'200)})[0]);
  EXPECT_TRUE(desk.writer.commit({version_of_page(2, 2, 3'600)})[0]);
  // As after a restart: what is stored was not fetched by this process.
  IndexWriter next(desk.parts);
  EXPECT_TRUE(next.commit({version_of_page(3, 1, 0)})[0]);
}

TEST(IndexWriter, AnOlderVersionThatComesLateIsNotStored) {
  Desk desk;
  const ChunkCommit late = version_of_page(1, 1, 7'200);
  EXPECT_TRUE(desk.writer.commit({version_of_page(2, 2, 3'600)})[0]);
  EXPECT_EQ(desk.writer.commit({late})[0].error().code, base::ErrorCode::kAborted);
  // Read from disk before the newer one came: whatever replaced it is newer.
  EXPECT_FALSE(desk.writer.commit({version_of_page(3, 0, 9'000)})[0]);
}

TEST(IndexWriter, ErasesAnEntryOnlyIfItIsStillTheOneThatWasRead) {
  Desk desk;
  const std::string key = record_key(key_of("s\n/a", 1));
  const std::string read = desk.put_record("s\n/a", 200);
  const std::string newer = desk.put_record("s\n/a", 203);
  desk.writer.erase_entry(key, read);
  EXPECT_EQ(desk.index->get(key), newer);
  desk.writer.erase_entry(key, newer);
  EXPECT_FALSE(desk.index->get(key));
}

}  // namespace
}  // namespace cache
