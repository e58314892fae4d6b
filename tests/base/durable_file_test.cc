#include "base/durable_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

namespace base {
namespace {

TEST(DurableFile, SaysWhatFailedWhereAndWhy) {
  const auto told = file_failed("rename", "/data/x", EACCES);
  EXPECT_EQ(told.error().code, ErrorCode::kIo);
  EXPECT_EQ(told.error().context, "rename /data/x: Permission denied");
}

TEST(DurableFile, AFullDiskAndAFullQuotaAreNoSpace) {
  EXPECT_EQ(file_failed("write", "/data/x", ENOSPC).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(file_failed("write", "/data/x", EDQUOT).error().code, ErrorCode::kNoSpace);
}

TEST(DurableFile, OnlyADirectoryThatIsThereCanBeSynced) {
  EXPECT_TRUE(sync_directory(std::filesystem::temp_directory_path()));
  const auto nowhere = sync_directory("/nowhere/at/all");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().context, "sync /nowhere/at/all: No such file or directory");
  EXPECT_FALSE(sync_directory("/dev/null"));
}

}  // namespace
}  // namespace base
