#include "cli/upload.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace cli {
namespace {

using nlohmann::json;

const json kVideo{{"id", "abc"},
                  {"title", "A film"},
                  {"access", "public"},
                  {"created_us", 1'700'000'000'000'000}};

TEST(AlreadyThere, NamesTheVideoAndHowToMakeAnother) {
  const std::string told = already_there(kVideo, {});
  EXPECT_TRUE(told.starts_with("this file is already the video abc, \"A film\", made 2023-11-1"))
      << told;
  EXPECT_TRUE(told.ends_with("; --again makes another")) << told;
}

TEST(AlreadyThere, SaysWhatStaysThoughItWasAskedForOtherwise) {
  const auto stays = [](const UploadOptions& asked) {
    const std::string told = already_there(kVideo, asked);
    const auto line = told.find('\n');
    return line == std::string::npos ? "" : told.substr(line + 1);
  };
  EXPECT_EQ(stays({.title = "A film"}), "");
  EXPECT_EQ(stays({.title = "B"}), "it is not changed: its title stays \"A film\"");
  EXPECT_EQ(stays({.access = "private"}), "it is not changed: it stays public");
  EXPECT_EQ(stays({.title = "B", .access = "private"}),
            "it is not changed: its title stays \"A film\", and it stays public");
}

TEST(AlreadyThere, TakesWhateverTheServerSays) {
  EXPECT_TRUE(already_there({{"title", "a\033[2J\nb"}}, {}).contains("\"a [2J b\""));
  for (const json& made : {json(1e300), json(-1), json("now"), json()}) {
    EXPECT_TRUE(already_there({{"id", 7}, {"created_us", made}}, {}).starts_with("this file is"));
  }
}

}  // namespace
}  // namespace cli
