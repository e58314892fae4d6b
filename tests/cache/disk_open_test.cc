// Opening directories in whatever state.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/cache/disk_fixture.h"

namespace cache {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

std::size_t set_aside(const std::string& path) {
  return static_cast<std::size_t>(std::ranges::count_if(
      names_in(path), [](const std::string& name) { return name.starts_with("index.aside-"); }));
}

void flip_bit(const std::string& file, std::uint64_t bit) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(bit / 8));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(bit / 8));
  stream.put(static_cast<char>(byte ^ 1 << bit % 8));
}

TEST(DiskOpen, SaysWhenTheDirectoryIsInUse) {
  const DiskDirectory directory;
  Disk first(directory);
  const Disk second(directory);
  ASSERT_TRUE(second.failure());
  EXPECT_EQ(second.failure()->code, base::ErrorCode::kBusy);
  EXPECT_NE(second.failure()->context.find(directory.path()), std::string::npos);
  EXPECT_TRUE(first.is_open());
}

TEST(DiskOpen, LeavesANewerFormatAlone) {
  const DiskDirectory directory;
  std::ofstream(directory.path() + "/format") << "headrace cache 0002\n";
  const Disk disk(directory);
  ASSERT_TRUE(disk.failure());
  EXPECT_EQ(disk.failure()->code, base::ErrorCode::kUnsupported);
  EXPECT_FALSE(fs::exists(directory.path() + "/index"));
}

TEST(DiskOpen, SaysWhenTheDirectoryCantBeMade) {
  const Disk disk(Disk::small("/proc/no-such-place"));
  ASSERT_TRUE(disk.failure());
  EXPECT_NE(disk.failure()->context.find("/proc/no-such-place"), std::string::npos);
}

TEST(DiskOpen, RefusesASizeThatIsTooSmallToWorkWith) {
  const DiskDirectory directory;
  auto options = Disk::small(directory.path());
  options.size_max = base::Bytes((8u << 20) - 1);
  EXPECT_EQ(Disk(options).failure()->code, base::ErrorCode::kInvalid);
  options.size_max = base::Bytes(8u << 20);
  EXPECT_FALSE(Disk(options).failure());
}

TEST(DiskOpen, LeavesADirectoryOfOtherFilesAlone) {
  const DiskDirectory directory;
  std::ofstream(directory.path() + "/holiday.jpg") << "sunset";
  const Disk disk(directory);
  ASSERT_TRUE(disk.failure());
  EXPECT_EQ(disk.failure()->code, base::ErrorCode::kInvalid);
  EXPECT_NE(disk.failure()->context.find(directory.path()), std::string::npos);
  EXPECT_NE(disk.failure()->context.find("holiday.jpg"), std::string::npos);
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"holiday.jpg"});
}

TEST(DiskOpen, TakesAFreshFileSystemAndACacheThatOthersHavePutSomethingInto) {
  const DiskDirectory directory;
  fs::create_directory(directory.path() + "/lost+found");
  Disk disk(directory);
  ASSERT_FALSE(disk.failure()) << disk.failure()->context;
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  disk.close();
  std::ofstream(directory.path() + "/notes.txt") << "the edge's cache";
  ASSERT_TRUE(disk.open());
  EXPECT_EQ(disk.read_back(film), film.body);
}

// Has room for so much beside what is there.
class SmallFileSystem final : public FileSystem {
 public:
  base::Result<std::unique_ptr<File>> open(const std::string& path, bool create) override {
    return real_->open(path, create);
  }
  base::Result<void> remove(const std::string& path) override { return real_->remove(path); }
  base::Result<void> rename(const std::string& from, const std::string& to) override {
    return real_->rename(from, to);
  }
  base::Result<void> make_directory(const std::string& path) override {
    return real_->make_directory(path);
  }
  base::Result<std::vector<std::string>> list(const std::string& path) override {
    return real_->list(path);
  }
  std::optional<base::Bytes> room(const std::string& /*path*/) override { return free; }

  base::Bytes free;

 private:
  const std::unique_ptr<FileSystem> real_ = make_posix_file_system();
};

TEST(DiskOpen, CountsOnNoMoreThanTheFileSystemHasRoomFor) {
  const DiskDirectory directory;
  SmallFileSystem files;
  files.free = base::Bytes(10u << 20);
  auto options = Disk::small(directory.path());
  options.size_max = base::Bytes(900ULL << 40);
  Disk disk(options, &files);
  ASSERT_FALSE(disk.failure()) << disk.failure()->context;
  EXPECT_GE(disk.stats().capacity, files.free);
  EXPECT_LT(disk.stats().capacity, files.free + base::Bytes(1u << 20));
  const auto film = disk.object("/film", 3'000'000);
  ASSERT_TRUE(disk.store(film));
  // What the cache has is room too, even when there is no other.
  files.free = base::Bytes(0);
  disk.reopen();
  ASSERT_FALSE(disk.failure()) << disk.failure()->context;
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskOpen, AFileSystemWithoutRoomForTheLeastCacheIsRefused) {
  SmallFileSystem files;
  for (const bool enough : {false, true}) {
    const DiskDirectory directory;
    files.free = base::Bytes((8u << 20) - (enough ? 0 : 1));
    const Disk disk(Disk::small(directory.path()), &files);
    EXPECT_EQ(disk.is_open(), enough);
    if (!enough) {
      EXPECT_EQ(disk.failure()->code, base::ErrorCode::kNoSpace);
    }
  }
}

TEST(DiskOpen, ADamagedIndexIsSetAsideAndTheCacheStartsEmpty) {
  const DiskDirectory directory;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  for (int turn = 0; turn < 2; ++turn) {
    disk.close();
    for (const auto& entry : fs::directory_iterator(directory.path() + "/index")) {
      if (entry.path().filename().string().starts_with("MANIFEST")) fs::resize_file(entry, 20);
    }
    ASSERT_TRUE(disk.open());
    EXPECT_EQ(set_aside(directory.path()), 1U) << "only the newest is kept";
    EXPECT_FALSE(disk.find("/film"));
    EXPECT_EQ(names_in(directory.path() + "/regions").size(), 0U);
    ASSERT_TRUE(disk.store(disk.object("/next", 100'000)));
  }
  EXPECT_NE(disk.metrics().text().find("headrace_cache_index_set_aside_total 2"),
            std::string::npos);
}

TEST(DiskOpen, AnIndexThatLostAPurgeIsSetAside) {
  const DiskDirectory directory, backup;
  Disk disk(directory);
  const auto film = disk.object("/film", 100'000);
  ASSERT_TRUE(disk.store(film));
  disk.close();
  fs::copy(directory.path() + "/index", backup.path(), fs::copy_options::recursive);
  ASSERT_TRUE(disk.open());
  ASSERT_TRUE(disk.purge(PurgeKind::kUrl, "video\n/film"));
  disk.close();
  fs::remove_all(directory.path() + "/index");
  fs::copy(backup.path(), directory.path() + "/index", fs::copy_options::recursive);
  ASSERT_TRUE(disk.open());
  EXPECT_EQ(set_aside(directory.path()), 1U);
  EXPECT_FALSE(disk.find("/film"));
}

TEST(DiskOpen, ShrinksAtOnceToASmallerBudget) {
  const DiskDirectory directory;
  auto options = Disk::small(directory.path());
  options.size_max = base::Bytes(32u << 20);
  Disk disk(options);
  for (int i = 0; i < 110; ++i)
    ASSERT_TRUE(disk.store(disk.object("/" + std::to_string(i), 256 * 1024)));
  disk.options().size_max = base::Bytes(16u << 20);
  disk.reopen();
  ASSERT_TRUE(disk.is_open());
  EXPECT_LE(bytes_in(directory.path()), 16u << 20);
  const auto film = disk.object("/next", 100'000);
  ASSERT_TRUE(disk.store(film));
  EXPECT_EQ(disk.read_back(film), film.body);
}

TEST(DiskOpen, NoFlippedBitAndNoTruncationIsEverServed) {
  const DiskDirectory directory, damaged;
  std::vector<Disk::Stored> films;
  {
    Disk disk(directory);
    for (int i = 0; i < 12; ++i) {
      films.push_back(disk.object("/" + std::to_string(i), i % 3 == 0 ? 1'000 : 90'000));
      ASSERT_TRUE(disk.store(films.back()));
    }
    ASSERT_TRUE(disk.purge(PurgeKind::kUrl, "video\n/0"));
  }
  std::vector<std::pair<std::string, std::uint64_t>> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory.path())) {
    if (!entry.is_regular_file() || entry.file_size() == 0) continue;
    if (entry.path().filename().string().starts_with("LOG")) continue;
    files.emplace_back(fs::relative(entry.path(), directory.path()), entry.file_size());
  }
  std::mt19937_64 random(1);
  std::uint64_t changes = 0;
  int served = 0;
  for (int turn = 0; turn < 40; ++turn) {
    fs::remove_all(damaged.path());
    fs::copy(directory.path(), damaged.path(), fs::copy_options::recursive);
    // Many in the bodies, some in what the index is made of: it does not take much to set it aside.
    for (const auto& [name, size] : files) {
      const bool bodies = name.starts_with("regions");
      const std::uint64_t used = bodies ? 900'000 : size;
      for (int i = bodies ? 250 : static_cast<int>(random() % 8 == 0); i > 0; --i, ++changes) {
        flip_bit(damaged.path() + "/" + name, random() % (used * 8));
      }
      if (random() % 20 == 0) fs::resize_file(damaged.path() + "/" + name, random() % size);
    }
    auto options = Disk::small(damaged.path());
    Disk disk(options);
    if (!disk.is_open()) {
      // Refused in plain words is as good; the only reason is a format that seems to be newer.
      ASSERT_EQ(disk.failure()->code, base::ErrorCode::kUnsupported) << disk.failure()->context;
      continue;
    }
    for (std::size_t i = 0; i < films.size(); ++i) {
      const auto object = disk.find("/" + std::to_string(i));
      if (object) {
        ASSERT_EQ(object->version(), films[i].object->version());
        if (i == 0) {
          ASSERT_EQ(disk.purges().check(*object), PurgeVerdict::kHard) << turn;
        }
      }
      const auto body = disk.read_back(films[i]);
      if (body) {
        ASSERT_EQ(*body, films[i].body) << turn;
        ++served;
      }
    }
  }
  EXPECT_GE(changes, 10'000U);
  EXPECT_GT(served, 0) << "what is whole is served";
}

}  // namespace
}  // namespace cache
