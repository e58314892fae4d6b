#include "origin/object_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/origin/no_file_can_be_opened.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using Put = ObjectWriter::Put;

class ObjectWriterTest : public testing::Test {
 protected:
  ObjectWriterTest() { fs::create_directories(root_); }
  std::string read(const std::string& name) const {
    std::ifstream file(root_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TestDatabase test_;
  const fs::path root_ = test_.directory() / "objects";
  ObjectWriter objects_{root_};
};

TEST_F(ObjectWriterTest, PutReplacesAndPutOnceKeepsWhatIsThere) {
  EXPECT_TRUE(objects_.put("media/v/a", "first"));
  EXPECT_TRUE(objects_.put("media/v/a", "second"));
  EXPECT_EQ(read("media/v/a"), "second");
  EXPECT_EQ(objects_.put_once("media/v/a", "third"), Put::kThereAlready);
  EXPECT_EQ(read("media/v/a"), "second");
  EXPECT_EQ(objects_.put_once("media/v/b", "new"), Put::kNew);
  EXPECT_EQ(read("media/v/b"), "new");
}

TEST_F(ObjectWriterTest, WhatIsThereCountsOnlyWhenItsPlaceCanBeSynced) {
  ASSERT_TRUE(objects_.put("media/v/a", "bytes"));
  const NoFileCanBeOpened none;
  const auto done = objects_.put_once("media/v/a", "bytes");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kIo);
}

// Who finds it later would rely on it.
TEST_F(ObjectWriterTest, ADirectoryThatCanNotBeSyncedIsNotLeft) {
  {
    const NoFileCanBeOpened none;
    EXPECT_FALSE(objects_.put("media/v/a", "bytes"));
  }
  EXPECT_TRUE(fs::is_empty(root_));
  EXPECT_TRUE(objects_.put("media/v/a", "bytes"));
}

}  // namespace
}  // namespace origin
