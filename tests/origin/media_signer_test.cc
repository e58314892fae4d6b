#include "origin/media_signer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace origin {
namespace {

namespace fs = std::filesystem;

struct MediaSignerTest : testing::Test {
  MediaSignerTest() {
    std::string pattern = (fs::temp_directory_path() / "headrace-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  ~MediaSignerTest() override { fs::remove_all(directory); }

  fs::path directory;
};

TEST_F(MediaSignerTest, MakesAKeyOnceForItsOwnerAlone) {
  const std::string file = directory / "data" / "media-key.pem";
  const auto made = MediaSigner::read_or_make("k1", file);
  ASSERT_TRUE(made) << made.error().context;
  struct stat facts{};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  const auto again = MediaSigner::read_or_make("k1", file);
  ASSERT_TRUE(again);
  EXPECT_EQ(http::to_text(again->public_key()), http::to_text(made->public_key()));
  // Nothing half-made is left.
  EXPECT_EQ(std::distance(fs::directory_iterator(directory / "data"), {}), 1);
}

TEST_F(MediaSignerTest, AFileThatIsNoKeyIsLeftAndNamed) {
  const fs::path file = directory / "key.pem";
  std::ofstream(file) << "mine\n";
  const auto read = MediaSigner::read_or_make("k1", file);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().context.find(file.native()), std::string::npos);
  std::string text;
  std::getline(std::ifstream(file), text);
  EXPECT_EQ(text, "mine");
  fs::resize_file(file, 20'000);
  EXPECT_FALSE(MediaSigner::read_or_make("k1", file));
}

TEST_F(MediaSignerTest, AFileThatIsNamedMustBeThere) {
  const auto read = MediaSigner::read("k1", directory / "none.pem");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(directory / "none.pem"));
}

}  // namespace
}  // namespace origin
