// TlsStore, as a client sees it: which certificate for which name, reloads, resumption.
#include "http/tls_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "http/ticket_keys.h"
#include "tests/http/server_fixture.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using testing::body_of;
using ::testing::HasSubstr;
using testing::TestServer;
using testing::TlsClient;
using testing::TlsOptions;

Certificate as(std::vector<std::string> hosts, const TestCertificate& files) {
  return {std::move(hosts), files.chain(), files.private_key()};
}

class TlsStoreTest : public ::testing::Test {
 protected:
  TestCertificate default_{"default.example"};
  TestCertificate video_{"video.example"};
  TestCertificate wild_{"*.cdn.example"};
  TlsStore store_;
};

TEST_F(TlsStoreTest, ChoosesTheCertificateByName) {
  ASSERT_TRUE(store_.reload(
      {as({}, default_), as({"Video.Example"}, video_), as({"*.cdn.example"}, wild_)}));
  TestServer server;
  const auto port = server.listen(&store_);
  const auto gets = [&](const std::string& name, const std::string& certificate) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      TlsClient client(port, {.server_name = name, .version = version});
      EXPECT_TRUE(client.certificate_is_for(certificate)) << name;
      EXPECT_TRUE(client.get("/9") == body_of(9));
    }
  };
  gets("", "default.example");
  gets("video.example", "video.example");
  gets("VIDEO.example", "video.example");
  gets("a.cdn.example", "a.cdn.example");
  gets("a.b.cdn.example", "default.example");  // "*" is one label.
  gets("cdn.example", "default.example");
  gets("other.example", "default.example");
}

TEST_F(TlsStoreTest, PutsAes128First) {
  ASSERT_TRUE(store_.reload({as({}, default_)}));
  TestServer server;
  const auto port = server.listen(&store_);
  EXPECT_EQ(TlsClient(port, {.version = TLS1_3_VERSION}).cipher(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(TlsClient(port, {.version = TLS1_2_VERSION}).cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(TlsStoreTest, ReloadsWithoutDroppingAConnection) {
  ASSERT_TRUE(store_.reload({as({}, default_)}));
  TestServer server;
  const auto port = server.listen(&store_);
  TlsClient before(port);
  EXPECT_TRUE(before.get("/5") == body_of(5));
  ASSERT_TRUE(store_.reload({as({}, video_)}));
  EXPECT_TRUE(before.get("/6") == body_of(6));
  EXPECT_TRUE(TlsClient(port).certificate_is_for("video.example"));
}

TEST_F(TlsStoreTest, ResumesSessionsAcrossReloads) {
  ASSERT_TRUE(store_.reload({as({}, default_)}));
  TestServer server(2);
  const auto port = server.listen(&store_);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(port, {.version = version});
    EXPECT_TRUE(first.get("/5") == body_of(5));
    EXPECT_FALSE(first.resumed());
    const auto session = first.session();
    ASSERT_TRUE(store_.reload({as({}, default_)}));
    TlsClient second(port, {.version = version, .resume = session.get()});
    EXPECT_TRUE(second.resumed());
    EXPECT_TRUE(second.get("/5") == body_of(5));
  }
}

TEST_F(TlsStoreTest, KeepsTheOldSetWhenTheNewOneIsBad) {
  ASSERT_TRUE(store_.reload({as({}, default_)}));
  const auto refused = [&](std::vector<Certificate> bad, const std::string& reason) {
    const auto result = store_.reload(bad);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::ErrorCode::kInvalid);
    EXPECT_THAT(result.error().context, HasSubstr(reason));
  };
  refused({}, "at least one certificate");
  refused({as({}, video_), {{"x"}, "/nowhere/cert.pem", video_.private_key()}},
          "/nowhere/cert.pem");
  refused({{{}, video_.chain(), wild_.private_key()}}, "does not belong");
  refused({{{}, video_.private_key(), video_.private_key()}}, "no usable PEM certificate");
  TestServer server;
  EXPECT_TRUE(TlsClient(server.listen(&store_)).certificate_is_for("default.example"));
}

TEST_F(TlsStoreTest, TellsWhenCertificatesExpire) {
  ASSERT_TRUE(store_.reload({as({}, default_), as({"a.example", "b.example"}, video_)}));
  const auto expiries = store_.expiries();
  ASSERT_EQ(expiries.size(), 2U);
  EXPECT_EQ(expiries[0].host, "default");
  EXPECT_EQ(expiries[1].host, "a.example");
  const auto left = expiries[1].not_after - base::SystemClock().wall();
  EXPECT_GT(left, 59min);
  EXPECT_LE(left, 60min);
}

TEST_F(TlsStoreTest, HasNoContextBeforeTheFirstLoad) { EXPECT_EQ(store_.context(), nullptr); }

TEST(TicketKeys, RotateAndForgetTheOldest) {
  TicketKeys keys;
  auto now = std::chrono::steady_clock::now();
  keys.rotate_if_due(now + TicketKeys::kRotation - 1min);
  EXPECT_EQ(keys.size(), 1U);
  for (std::size_t i = 0; i < 5; ++i) {
    now += TicketKeys::kRotation + 1min;
    keys.rotate_if_due(now);
  }
  EXPECT_EQ(keys.size(), TicketKeys::kKeys);
}

}  // namespace
}  // namespace http
