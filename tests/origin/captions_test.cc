#include "origin/videos/captions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "origin/videos/catalogue.h"
#include "origin/videos/publisher.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

constexpr std::int64_t kOwner = 7;
constexpr const char* kSubRip = "1\n00:00:01,000 --> 00:00:02,500\nHello\n";

class CaptionsTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!TestDatabase::has(GetParam())) GTEST_SKIP() << "no PostgreSQL server on this machine";
    database_ = test_.make(GetParam());
    fs::create_directories(root_);
    publisher_ = std::make_unique<Publisher>(*database_, objects_);
    captions_ = std::make_unique<Captions>(*database_, clock_, objects_, *publisher_);
    ASSERT_TRUE(database_->write([&](soci::session& sql) -> base::Result<void> {
      video_ = Catalogue::create_in(sql, {.owner = kOwner, .title = "t", .file_name = "f"}, 1);
      return {};
    }));
  }

  base::Result<Captions::Stored> put(const std::string& language, const std::string& file = kSubRip,
                                     const std::string& label = "") {
    return captions_->put(video_, kOwner, {.language = language, .label = label, .file = file});
  }
  base::Error refusal(const base::Result<Captions::Stored>& stored) {
    EXPECT_FALSE(stored);
    return stored ? base::Error{} : stored.error();
  }
  std::vector<std::string> files() {
    std::vector<std::string> names;
    const fs::path directory = root_ / "media" / video_ / "captions";
    if (!fs::exists(directory)) return names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.push_back(entry.path().filename().native());
    }
    std::ranges::sort(names);
    return names;
  }
  std::string read(const std::string& object) {
    std::ifstream file(root_ / object);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TestDatabase test_;
  base::ManualClock clock_;
  const fs::path root_ = test_.directory() / "objects";
  ObjectWriter objects_{root_};
  std::unique_ptr<Database> database_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Captions> captions_;
  std::string video_;
};

TEST_P(CaptionsTest, AreWrittenAnewUnderTheirHash) {
  const auto stored =
      put("PT-br", "1\n00:00:01,000 --> 00:00:02,500\n<script>x</script>\n", "Brasil\n");
  ASSERT_TRUE(stored) << stored.error().context;
  EXPECT_EQ(stored->captions.language, "pt-BR");
  EXPECT_EQ(stored->captions.label, "Brasil ");
  EXPECT_EQ(stored->cues, 1u);
  EXPECT_EQ(stored->how, Captions::Stored::How::kNew);
  EXPECT_EQ(read(stored->captions.object),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n&lt;script&gt;x&lt;/script&gt;\n");
  EXPECT_EQ(captions_->list(video_)->size(), 1u);
}

TEST_P(CaptionsTest, OneLanguageHasOneFileAndItsLastIsKept) {
  const auto first = put("en");
  ASSERT_TRUE(first);
  const auto second = put("EN", "WEBVTT\n\n00:01.000 --> 00:02.000\nOther\n");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->how, Captions::Stored::How::kReplaced);
  EXPECT_EQ(captions_->list(video_)->size(), 1u);
  EXPECT_EQ(files(), std::vector<std::string>{fs::path(second->captions.object).filename()});
  // The same again stays.
  ASSERT_TRUE(put("en", "WEBVTT\n\n00:01.000 --> 00:02.000\nOther\n"));
  EXPECT_EQ(files().size(), 1u);
  ASSERT_TRUE(captions_->remove(video_, kOwner, "En"));
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(captions_->remove(video_, kOwner, "en").error().code, ErrorCode::kNotFound);
}

TEST_P(CaptionsTest, OnlyTheOwnerChangesThem) {
  const auto other = captions_->put(video_, 8, {.language = "en", .file = kSubRip});
  EXPECT_EQ(refusal(other).code, ErrorCode::kNotFound);
  EXPECT_EQ(refusal(captions_->put("none", kOwner, {.language = "en", .file = kSubRip})).code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(put("en"));
  EXPECT_EQ(captions_->remove(video_, 8, "en").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files().size(), 1u);
  EXPECT_FALSE(fs::exists(root_ / "media/none"));
}

TEST_P(CaptionsTest, WhatIsWrongIsSaidWithItsLine) {
  const base::Error broken = refusal(put("en",
                                         "1\n00:00:01,000 --> 00:00:02,500\nHello\n\nHm\n2\nx\n\n"
                                         "3\n00:00:99,000 --> 00:00:02,500\nx\n"));
  EXPECT_EQ(broken.code, ErrorCode::kInvalid);
  EXPECT_TRUE(broken.context.starts_with("line 10: ")) << broken.context;
  EXPECT_NE(refusal(put("english!")).context.find("BCP 47"), std::string::npos);
  EXPECT_EQ(refusal(put("")).code, ErrorCode::kInvalid);
  EXPECT_TRUE(files().empty());
}

TEST_P(CaptionsTest, LimitsAreReachedAndNotPassed) {
  std::string file = kSubRip;
  while (file.size() < Captions::kFileBytesMax) file += '\n';
  EXPECT_TRUE(put("en", file));
  EXPECT_EQ(refusal(put("en", file + "\n")).code, ErrorCode::kTooLarge);
  EXPECT_TRUE(put("en", kSubRip, std::string(Captions::kLabelBytesMax, 'a')));
  EXPECT_EQ(refusal(put("en", kSubRip, std::string(Captions::kLabelBytesMax + 1, 'a'))).code,
            ErrorCode::kInvalid);
  for (int i = 1; i < Captions::kOfVideoMax; ++i) {
    ASSERT_TRUE(put("x-" + std::to_string(i)));
  }
  EXPECT_NE(refusal(put("de")).context.find("100 languages"), std::string::npos);
  EXPECT_TRUE(put("x-5", "1\n00:00:01,000 --> 00:00:02,500\nReplaced\n"));
  EXPECT_EQ(files().size(), 100u);
}

TEST_P(CaptionsTest, GoWithTheVideo) {
  ASSERT_TRUE(put("en"));
  Catalogue catalogue(*database_, clock_);
  EXPECT_EQ(catalogue.get(video_)->captions.size(), 1u);
  EXPECT_GT(catalogue.get(video_)->stored_bytes, 0u);
  ASSERT_TRUE(catalogue.remove(video_, kOwner));
  EXPECT_TRUE(captions_->list(video_)->empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, CaptionsTest, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace origin
