#include "origin/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace origin {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

// A store over a fresh directory; beside it lies a file that nobody may reach.
struct LocalStoreTest : testing::Test {
  LocalStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "headrace-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    top = pattern;
    fs::create_directories(top / "root/v/42");
    write("root/v/42/seg-1.ts", "hello");
    write("secret", "secret");
  }
  ~LocalStoreTest() override { fs::remove_all(top); }

  void write(std::string_view file, std::string_view text) const {
    std::ofstream(top / file, std::ios::binary | std::ios::trunc) << text;
  }
  [[nodiscard]] LocalStore store() const { return *LocalStore::at(top / "root", clock); }
  [[nodiscard]] std::string etag(std::string_view name = "v/42/seg-1.ts") const {
    const auto object = store().open(name);
    return object ? (*object)->info().etag : "none";
  }
  [[nodiscard]] ErrorCode refusal(std::string_view name) const {
    const auto object = store().open(name);
    EXPECT_FALSE(object.has_value()) << name;
    return object ? ErrorCode::kBusy : object.error().code;
  }

  fs::path top;
  // An hour ahead of the files' times, so that they have long settled.
  base::ManualClock clock{base::SystemClock().wall() + std::chrono::hours(1)};
};

TEST_F(LocalStoreTest, OpensAndReadsAFile) {
  const auto object = store().open("v/42/seg-1.ts");
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ((*object)->info().size, 5U);
  std::string bytes(3, 0);
  ASSERT_TRUE((*object)->read(1, bytes).has_value());
  EXPECT_EQ(bytes, "ell");
}

TEST_F(LocalStoreTest, FindsNothingOutsideItsRoot) {
  fs::create_symlink("../secret", top / "root/link");
  fs::create_symlink(top / "secret", top / "root/absolute");
  fs::create_directory_symlink("..", top / "root/up");
  fs::create_directory_symlink("/", top / "root/slash");
  fs::create_directory_symlink("/proc/self/root", top / "root/magic");
  const std::string secret = (top / "secret").string();
  const std::vector<std::string> names{"../secret",
                                       "v/../../secret",
                                       "./../secret",
                                       "v/42/../../../secret",
                                       "..",
                                       "../",
                                       "/etc/passwd",
                                       secret,
                                       "link",
                                       "absolute",
                                       "up/secret",
                                       "slash/etc/passwd",
                                       "magic/etc/passwd",
                                       "v/42/seg-1.ts/../../../../secret",
                                       "..\\secret",
                                       std::string("v/42/seg-1.ts\0x", 15),
                                       "...",
                                       "v//42/seg-1.ts",
                                       "/v/42/seg-1.ts",
                                       "v/42/seg-1.ts/",
                                       "v/./42/seg-1.ts",
                                       "",
                                       std::string(1025, 'a'),
                                       std::string(256, 'a'),
                                       "v/" + std::string(1022, '/')};
  for (const std::string& name : names) EXPECT_EQ(refusal(name), ErrorCode::kNotFound) << name;
}

TEST_F(LocalStoreTest, FollowsLinksThatStayInside) {
  fs::create_symlink("42/seg-1.ts", top / "root/v/latest.ts");
  fs::create_symlink("../v/42/seg-1.ts", top / "root/v/around.ts");
  EXPECT_NE(etag("v/latest.ts"), "none");
  EXPECT_NE(etag("v/around.ts"), "none");
}

TEST_F(LocalStoreTest, ServesRegularFilesOnly) {
  ASSERT_EQ(mkfifo((top / "root/pipe").c_str(), 0600), 0);
  fs::create_symlink("loop", top / "root/loop");
  write("root/.hidden", "x");
  for (const std::string_view name :
       {"v", "v/42", "pipe", "loop", ".hidden", "missing", "v/missing"}) {
    EXPECT_EQ(refusal(name), ErrorCode::kNotFound) << name;
  }
}

TEST_F(LocalStoreTest, KeepsTheEtagWhileNothingChanges) {
  const std::string before = etag();
  EXPECT_EQ(before.size(), 34U);
  EXPECT_EQ(before.front(), '"');
  EXPECT_EQ(etag(), before);
}

TEST_F(LocalStoreTest, ChangesTheEtagOnEveryKindOfRewrite) {
  std::vector<std::string> seen{etag()};
  const auto expect_new = [&](std::string_view what) {
    for (const std::string& old : seen) EXPECT_NE(etag(), old) << what;
    seen.push_back(etag());
  };
  const fs::path file = top / "root/v/42/seg-1.ts";

  write("root/v/42/seg-1.ts", "hello!");
  expect_new("longer");

  write("root/v/42/other", "hello!");
  fs::rename(top / "root/v/42/other", file);
  expect_new("replaced by rename, of equal size");

  // As rsync --inplace --times does: new bytes of the same size, and the old mtime put back.
  struct stat before{};
  ASSERT_EQ(stat(file.c_str(), &before), 0);
  struct stat after = before;
  while (after.st_ctim.tv_nsec == before.st_ctim.tv_nsec) {  // Until the kernel's clock ticks.
    write("root/v/42/seg-1.ts", "HELLO!");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
    ASSERT_EQ(stat(file.c_str(), &after), 0);
  }
  ASSERT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  expect_new("rewritten in place with its old time");
}

TEST_F(LocalStoreTest, PromisesNothingAboutAFileThatMayStillChangeWithinATick) {
  base::ManualClock now{base::SystemClock().wall()};
  const auto fresh = LocalStore::at(top / "root", now);
  write("root/v/42/seg-1.ts", "fresh");
  EXPECT_TRUE((*fresh->open("v/42/seg-1.ts"))->info().etag.starts_with("W/\""));
  now.advance(LocalStore::kSettled + std::chrono::seconds(20));
  EXPECT_TRUE((*fresh->open("v/42/seg-1.ts"))->info().etag.starts_with("\""));
}

TEST_F(LocalStoreTest, NoticesAFileThatIsCutWhileItIsRead) {
  const auto object = store().open("v/42/seg-1.ts");
  ASSERT_TRUE(object.has_value());
  fs::resize_file(top / "root/v/42/seg-1.ts", 2);
  std::string bytes(5, 0);
  EXPECT_EQ((*object)->read(0, bytes).error().code, ErrorCode::kCorrupt);
}

TEST_F(LocalStoreTest, NoticesAFileThatGrowsWhileItIsRead) {
  const auto object = store().open("v/42/seg-1.ts");
  ASSERT_TRUE(object.has_value());
  write("root/v/42/seg-1.ts", "something longer");
  std::string bytes(5, 0);
  EXPECT_EQ((*object)->read(0, bytes).error().code, ErrorCode::kCorrupt);
}

TEST_F(LocalStoreTest, ReadsOnWhenAFileIsReplacedOrRemoved) {
  const auto object = store().open("v/42/seg-1.ts");
  ASSERT_TRUE(object.has_value());
  fs::remove(top / "root/v/42/seg-1.ts");
  std::string bytes(5, 0);
  ASSERT_TRUE((*object)->read(0, bytes).has_value());
  EXPECT_EQ(bytes, "hello");
}

TEST_F(LocalStoreTest, SaysWhatIsWrongWithItsRoot) {
  const auto missing = LocalStore::at(top / "nowhere", clock);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().context.find("nowhere"), std::string::npos);
  EXPECT_EQ(LocalStore::at(top / "secret", clock).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace origin
