#include "edge/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace edge {
namespace {

// Tests run at the root of the tree.
const std::filesystem::path kTree = ".";

base::Result<EdgeConfig> parse(std::string_view text) {
  return base::parse_config<EdgeConfig>(text, "edge.toml");
}

std::string error_of(std::string_view text) {
  const auto config = parse(text);
  return config ? "" : config.error().context;
}

constexpr std::string_view kSite =
    "[[site]]\nhosts = [\"*\"]\norigins = [\"http://127.0.0.1:9000\"]\n";

TEST(EdgeConfig, TheSmallestIsOneSite) { EXPECT_TRUE(parse(kSite)); }

TEST(EdgeConfig, TheExampleIsGood) {
  const auto config = base::read_config<EdgeConfig>(kTree / "conf/edge.toml");
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->sites.front().name, "video");
}

TEST(EdgeConfig, DocsEdgeConfigIsTrue) {
  std::ifstream file(kTree / "docs/edge-config.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(base::config_reference<EdgeConfig>()), std::string::npos)
      << "docs/edge-config.md is not what --print-config-reference prints";
}

TEST(EdgeConfig, PrintedItReadsBackTheSame) {
  const auto config = parse(kSite);
  const std::string printed = base::print_config(*config);
  const auto again = parse(printed);
  ASSERT_TRUE(again) << again.error().context;
  EXPECT_EQ(base::print_config(*again), printed);
}

TEST(EdgeConfig, NamesWhatIsWrong) {
  const std::string site(kSite);
  EXPECT_NE(error_of("").find("site"), std::string::npos);
  EXPECT_NE(error_of(site + "origin_tries = 0\n").find("origin_tries"), std::string::npos);
  EXPECT_NE(error_of("[[site]]\nhosts = [\"*\"]\norigins = [\"ftp://x\"]\n").find("origins"),
            std::string::npos);
  EXPECT_NE(error_of(site + site).find("host"), std::string::npos);
  EXPECT_NE(error_of("[node]\nname = \"a b\"\n" + site).find("node.name"), std::string::npos);
  EXPECT_NE(error_of("[listen]\nhttps = [\"127.0.0.1:0\"]\n" + site).find("tls.certificate"),
            std::string::npos);
  EXPECT_NE(error_of(site + "media_keys = [\"k1\"]\n").find("media_keys"), std::string::npos);
  EXPECT_NE(error_of("[cache]\nchunk_size = \"100KiB\"\n" + site).find("chunk_size"),
            std::string::npos);
}

TEST(EdgeConfig, KnowsTwoMediaKeysAtATimeButNoIdTwice) {
  const std::string one = "\"k1:" + std::string(43, 'A') + '"';
  const std::string two = "\"k2:" + std::string(43, 'A') + '"';
  const std::string site(kSite);
  EXPECT_EQ(error_of(site + "media_keys = [" + one + ", " + two + "]\n"), "");
  EXPECT_NE(error_of(site + "media_keys = [" + one + ", " + one + "]\n").find("media_keys"),
            std::string::npos);
}

}  // namespace
}  // namespace edge
