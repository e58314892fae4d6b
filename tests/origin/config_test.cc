#include "origin/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace origin {
namespace {

// Tests run at the root of the tree.
const std::filesystem::path kTree = ".";

base::Result<OriginConfig> parse(std::string_view text) {
  return base::parse_config<OriginConfig>(text, "origin.toml");
}

std::string error_of(std::string_view text) {
  const auto config = parse(text);
  return config ? "" : config.error().context;
}

TEST(OriginConfig, TheSmallestNamesARoot) {
  const auto config = parse("[media]\nroot = \"/srv/media\"\n");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->media.rules.cache.size(), MediaRules::defaults().cache.size());
  EXPECT_NE(error_of("").find("media.root"), std::string::npos);
}

TEST(OriginConfig, TheExampleIsGoodAndHasTheDefaultRules) {
  const auto config = base::read_config<OriginConfig>(kTree / "conf/origin.toml");
  ASSERT_TRUE(config.has_value()) << config.error().context;
  const MediaRules defaults = MediaRules::defaults();
  ASSERT_EQ(config->media.rules.cache.size(), defaults.cache.size());
  for (std::size_t i = 0; i < defaults.cache.size(); ++i) {
    EXPECT_EQ(config->media.rules.cache[i].patterns, defaults.cache[i].patterns);
    EXPECT_EQ(config->media.rules.cache[i].cache_control, defaults.cache[i].cache_control);
  }
}

TEST(OriginConfig, DocsOriginConfigIsTrue) {
  std::ifstream file(kTree / "docs/origin-config.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(base::config_reference<OriginConfig>()), std::string::npos)
      << "docs/origin-config.md is not what --print-config-reference prints";
}

TEST(OriginConfig, PrintedItReadsBackTheSame) {
  const auto config = parse("[media]\nroot = \"/srv/media\"\n");
  const std::string printed = base::print_config(*config);
  const auto again = parse(printed);
  ASSERT_TRUE(again.has_value()) << again.error().context;
  EXPECT_EQ(base::print_config(*again), printed);
}

TEST(OriginConfig, SaysWhatIsWrongAndWhere) {
  const std::string root = "[media]\nroot = \"/srv/media\"\n";
  EXPECT_NE(error_of(root + "[listen]\nhttps = [\"0.0.0.0:1\"]\n").find("tls.certificate"),
            std::string::npos);
  EXPECT_NE(error_of(root + "[tls]\ncertificate = \"c.pem\"\n").find("tls.private_key"),
            std::string::npos);
  EXPECT_NE(error_of(root + "[listen]\nhttp = []\n").find("listen.http"), std::string::npos);
  EXPECT_NE(error_of(root + "[[media.rule]]\npatterns = [\"*\"]\ncache_control = \"a\\nb\"\n")
                .find("origin.toml:5"),
            std::string::npos);
  EXPECT_NE(error_of("[media]\nroot = \"/srv\"\nroots = 1\n").find("origin.toml:3"),
            std::string::npos);
  EXPECT_NE(error_of(root + "trusted_edges = [\"10.0.0.1/8\"]\n").find("media.trusted_edges"),
            std::string::npos);
  EXPECT_NE(error_of(root + "key_id = \"K 1\"\n").find("media.key_id"), std::string::npos);
  const std::string key = ":" + std::string(43, 'A');
  EXPECT_EQ(error_of(root + "former_keys = [\"k0" + key + "\"]\n"), "");
  EXPECT_NE(error_of(root + "former_keys = [\"k1" + key + "\"]\n").find("media.former_keys"),
            std::string::npos);
}

}  // namespace
}  // namespace origin
