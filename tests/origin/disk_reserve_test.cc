#include "origin/disk_reserve.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/origin/test_database.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

TEST(DiskReserve, IsThereUntilItIsGivenUpAndAgain) {
  const TestDatabase directory;
  const fs::path path = directory.directory() / "reserve";
  DiskReserve reserve(path);
  EXPECT_FALSE(reserve.give_up()) << "nothing is taken yet";
  ASSERT_TRUE(reserve.take());
  EXPECT_EQ(fs::file_size(path), DiskReserve::kBytes);
  EXPECT_TRUE(reserve.take()) << "what it has";
  EXPECT_TRUE(reserve.give_up());
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(reserve.give_up());
  EXPECT_TRUE(reserve.take());
  EXPECT_EQ(fs::file_size(path), DiskReserve::kBytes);
}

TEST(DiskReserve, WhatIsThereOfAnEarlierProcessIsItsOwn) {
  const TestDatabase directory;
  const fs::path path = directory.directory() / "reserve";
  ASSERT_TRUE(DiskReserve(path).take());
  DiskReserve reserve(path);
  EXPECT_TRUE(reserve.give_up());
}

TEST(DiskReserve, TellsWhatTheFileSystemSays) {
  const TestDatabase directory;
  EXPECT_FALSE(DiskReserve(directory.directory() / "none" / "reserve").take());
}

}  // namespace
}  // namespace origin
