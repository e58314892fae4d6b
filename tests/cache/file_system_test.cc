#include "cache/file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "tests/cache/disk_fixture.h"

namespace cache {
namespace {

struct Directory : DiskDirectory {
  [[nodiscard]] std::string file(const std::string& name) const { return path() + "/" + name; }
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
};

TEST(FileSystem, ReadsBackPiecesThatLieApartInMemory) {
  const Directory directory;
  const auto file = directory.files->open(directory.file("a"), true);
  ASSERT_TRUE(file);
  const std::string one = "one ", two = "two ", three = "three";
  const std::span<const char> pieces[] = {one, two, three};
  ASSERT_TRUE((*file)->write_pieces(10, pieces));
  std::string first(6, '\0'), second(7, '\0');
  const std::span<char> into[] = {first, second};
  ASSERT_TRUE((*file)->read_pieces(10, into));
  EXPECT_EQ(first + second, "one two three");
  ASSERT_TRUE((*file)->sync());
}

TEST(FileSystem, TakesAsManyPiecesAsItSays) {
  const Directory directory;
  const auto file = directory.files->open(directory.file("a"), true);
  ASSERT_TRUE(file);
  const std::string byte = "x";
  const std::vector<std::span<const char>> pieces(File::kPiecesMax, byte);
  ASSERT_TRUE((*file)->write_pieces(0, pieces));
  EXPECT_EQ(std::filesystem::file_size(directory.file("a")), File::kPiecesMax);
}

TEST(FileSystem, PastTheEndIsCorrupt) {
  const Directory directory;
  const auto file = directory.files->open(directory.file("a"), true);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(0, std::string(10, 'x')));
  std::string into(11, '\0');
  EXPECT_EQ((*file)->read(0, into).error().code, base::ErrorCode::kCorrupt);
  EXPECT_EQ((*file)->read(100, into).error().code, base::ErrorCode::kCorrupt);
}

TEST(FileSystem, ReservesSpaceForReal) {
  const Directory directory;
  const auto file = directory.files->open(directory.file("a"), true);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->allocate(1 << 20));
  EXPECT_EQ(std::filesystem::file_size(directory.file("a")), 1U << 20);
  // More than any disk has.
  const auto refused = (*file)->allocate(std::uint64_t{1} << 60);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kNoSpace);
}

TEST(FileSystem, DirectFilesWorkWhereTheyCanBeHadAndWhereNot) {
  for (const std::string& where :
       {std::filesystem::temp_directory_path().string(), std::string("/dev/shm")}) {
    if (!std::filesystem::exists(where)) continue;
    const auto files = make_posix_file_system();
    const std::string name = where + "/headrace-direct-" + std::to_string(::getpid());
    const auto file = files->open_direct(name, true);
    ASSERT_TRUE(file) << where;
    const std::unique_ptr<char, void (*)(void*)> page(
        static_cast<char*>(std::aligned_alloc(kDirectAlignment, kDirectAlignment)), &std::free);
    const std::span<char> bytes(page.get(), kDirectAlignment);
    std::ranges::fill(bytes, 'x');
    EXPECT_TRUE((*file)->write(kDirectAlignment, bytes)) << where;
    std::ranges::fill(bytes, 'y');
    EXPECT_TRUE((*file)->read(kDirectAlignment, bytes)) << where;
    EXPECT_EQ(bytes.back(), 'x');
    ASSERT_TRUE(files->remove(name));
  }
}

TEST(FileSystem, SaysWhatFailedAndWhere) {
  const Directory directory;
  const auto missing = directory.files->open(directory.file("none"), false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::ErrorCode::kNotFound);
  EXPECT_NE(missing.error().context.find(directory.file("none")), std::string::npos);
  EXPECT_EQ(directory.files->remove(directory.file("none")).error().code,
            base::ErrorCode::kNotFound);
}

TEST(FileSystem, ListsRenamesAndMakesDirectoriesTwice) {
  const Directory directory;
  ASSERT_TRUE(directory.files->make_directory(directory.file("d")));
  ASSERT_TRUE(directory.files->make_directory(directory.file("d")));
  ASSERT_TRUE(directory.files->open(directory.file("d/b"), true));
  ASSERT_TRUE(directory.files->open(directory.file("d/a"), true));
  ASSERT_TRUE(directory.files->rename(directory.file("d/b"), directory.file("d/c")));
  EXPECT_EQ(*directory.files->list(directory.file("d")), (std::vector<std::string>{"a", "c"}));
}

}  // namespace
}  // namespace cache
