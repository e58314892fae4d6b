#include "edge/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace edge {
namespace {

using ::testing::HasSubstr;

class PreflightTest : public ::testing::Test {
 protected:
  PreflightTest() {
    std::string name = ::testing::TempDir() + "preflight-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~PreflightTest() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).native(); }
  // What is wrong with these lines before a good site, or "".
  std::string mistake(const std::string& lines) const {
    std::ofstream(path("edge.toml"))
        << lines << "\n[[site]]\nhosts = ['*']\norigins = ['http://o']\n";
    const auto checked = preflight(path("edge.toml"));
    if (checked) return "";
    EXPECT_EQ(checked.error().context.find('\n'), std::string::npos);
    return checked.error().context;
  }

  std::filesystem::path directory_;
};

TEST_F(PreflightTest, FindsNothingWrongWithDefaultsAndPathsThatCanBeMade) {
  EXPECT_EQ(mistake(""), "");
  EXPECT_EQ(
      mistake("[cache]\npath = '" + path("cache") + "'\n[log]\naccess = '" + path("a.log") + "'"),
      "");
  EXPECT_FALSE(std::filesystem::exists(path("cache")));
  EXPECT_FALSE(std::filesystem::exists(path("a.log")));
}

TEST_F(PreflightTest, NamesFileLineAndKey) {
  EXPECT_THAT(mistake("[listen]\nhttp = ['127.0.0.1']"),
              HasSubstr("edge.toml:2: listen.http: expected addresses such as"));
  EXPECT_THAT(mistake("[listen]\nadmin = 'localhost:1'"), HasSubstr(":2: listen.admin: "));
  EXPECT_THAT(mistake("[node]\nuser = 'no-such-user'"), HasSubstr(":2: node.user: "));
  EXPECT_THAT(mistake("[cache]\npath = '" + path("no/such") + "'"), HasSubstr(":2: cache.path: "));
  EXPECT_THAT(mistake("[cache]\npath = '" + path("edge.toml") + "'"),
              HasSubstr(":2: cache.path: "));
  EXPECT_THAT(mistake("[log]\naccess = '" + directory_.native() + "'"),
              HasSubstr(":2: log.access: "));
  EXPECT_THAT(mistake("[log]\naccess = '" + path("no/a.log") + "'"), HasSubstr(":2: log.access: "));
}

TEST_F(PreflightTest, LoadsCertificates) {
  const std::string listen = "[listen]\nhttps = ['127.0.0.1:1']\n";
  EXPECT_THAT(mistake(listen + "[tls]\ncertificate = '/no.pem'\nprivate_key = '/no.key'"),
              HasSubstr(":4: tls.certificate: expected a certificate and its key ("));
}

TEST_F(PreflightTest, TellsWhichSiteItMeans) {
  EXPECT_THAT(mistake("[[site]]\nhosts = ['a']\norigins = ['https://a']\n"
                      "tls.ca_file = '/no/such.pem'"),
              HasSubstr(":4: site[0].tls.ca_file: expected a file that can be read"));
  EXPECT_THAT(mistake("[[site]]\nhosts = ['*']\norigins = ['https://a']"),
              HasSubstr(":5: site[1].hosts: expected each host in one site only, and \"*\" is"));
}

TEST_F(PreflightTest, SaysWhatTheReaderSays) {
  EXPECT_THAT(mistake("[cache]\nmemory_max = '1 potato'"),
              HasSubstr(":2: cache.memory_max: expected a size such as \"256MiB\", from "));
}

}  // namespace
}  // namespace edge
