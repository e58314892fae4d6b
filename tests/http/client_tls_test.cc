// The client's TLS: whom it believes, what name it asks for, and how it shows who it is.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/client.h"
#include "tests/http/fetch_fixture.h"
#include "tests/http/scripted_origin.h"
#include "tests/http/test_certificate.h"

namespace http {
namespace {

using base::ErrorCode;

// Answers each connection once, then closes.
class TlsOrigin {
 public:
  explicit TlsOrigin(const TestCertificate& certificate) {
    signal(SIGPIPE, SIG_IGN);
    CHECK(SSL_CTX_use_certificate_file(context_.get(), certificate.chain().c_str(),
                                       SSL_FILETYPE_PEM) == 1);
    CHECK(SSL_CTX_use_PrivateKey_file(context_.get(), certificate.private_key().c_str(),
                                      SSL_FILETYPE_PEM) == 1);
  }

  void demand_certificate(const TestCertificate& trusted) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    CHECK(SSL_CTX_load_verify_locations(context_.get(), trusted.chain().c_str(), nullptr) == 1);
  }

  [[nodiscard]] std::string url() const { return "https://" + origin_.authority() + "/v?t=1"; }
  [[nodiscard]] std::string authority() const { return origin_.authority(); }
  [[nodiscard]] int connections() const { return origin_.connections(); }
  std::string server_name() {
    const std::lock_guard lock(mutex_);
    return server_name_;
  }
  std::string head() {
    const std::lock_guard lock(mutex_);
    return head_;
  }

 private:
  void serve(int fd) {
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(ssl.get(), fd);
    if (SSL_accept(ssl.get()) != 1) return;
    std::string head;
    char bytes[4096];
    while (!head.ends_with("\r\n\r\n")) {
      const int size = SSL_read(ssl.get(), bytes, sizeof bytes);
      if (size <= 0) return;
      head.append(bytes, static_cast<std::size_t>(size));
    }
    {
      const std::lock_guard lock(mutex_);
      const char* name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
      server_name_ = name != nullptr ? name : "";
      head_ = head;
    }
    constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    SSL_write(ssl.get(), kHello.data(), static_cast<int>(kHello.size()));
    SSL_shutdown(ssl.get());
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{SSL_CTX_new(TLS_server_method()),
                                                        SSL_CTX_free};
  std::mutex mutex_;
  std::string server_name_;
  std::string head_;
  ScriptedOrigin origin_{[this](OriginConnection& connection) { serve(connection.fd()); }};
};

struct ClientTls : FetchFixture {
  TestCertificate certificate{"video.example"};
  TlsOrigin origin{certificate};

  FetchRequest request(const std::string& ca_file, const std::string& server_name) {
    FetchRequest request = get(origin.url());
    request.tls.ca_file = ca_file;
    request.tls.server_name = server_name;
    return request;
  }
};

TEST_F(ClientTls, VerifiesANameOtherThanTheUrlsAndKeepsHost) {
  const Viewer viewer = fetch(request(certificate.chain(), "video.example"));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.body, "hello");
  EXPECT_EQ(origin.server_name(), "video.example");
  EXPECT_EQ(origin.head(), "GET /v?t=1 HTTP/1.1\r\nHost: " + origin.authority() + "\r\n\r\n");
}

TEST_F(ClientTls, RefusesAnotherName) {
  for (const std::string name : {"other.example", ""}) {
    const Viewer viewer = fetch(request(certificate.chain(), name));
    EXPECT_EQ(viewer.error(), ErrorCode::kUnreachable) << viewer.context();
    EXPECT_EQ(viewer.outcome->error().blame, base::Blame::kOrigin);
  }
}

TEST_F(ClientTls, VerifiesAnAddressWhenTheUrlHasOne) {
  const TestCertificate by_address("IP:127.0.0.1");
  TlsOrigin numbered(by_address);
  FetchRequest request = get(numbered.url());
  request.tls.ca_file = by_address.chain();
  const Viewer viewer = fetch(std::move(request));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(numbered.server_name(), "");  // RFC 6066 §3: no literal addresses.
}

TEST_F(ClientTls, RefusesACertificateItDoesNotKnow) {
  EXPECT_EQ(fetch(request("", "video.example")).error(), ErrorCode::kUnreachable);
  EXPECT_EQ(fetch(request("/nonexistent.pem", "video.example")).error(), ErrorCode::kUnreachable);
}

TEST_F(ClientTls, BelievesAnyoneOnlyWhenToldTo) {
  FetchRequest request = get(origin.url());
  request.tls.verify = false;
  EXPECT_TRUE(fetch(std::move(request)).succeeded());
}

TEST_F(ClientTls, ShowsItsCertificateWhenAsked) {
  const TestCertificate mine("edge-1.example");
  origin.demand_certificate(mine);
  EXPECT_FALSE(fetch(request(certificate.chain(), "video.example")).succeeded());
  FetchRequest known = request(certificate.chain(), "video.example");
  known.tls.client_certificate = mine.chain();
  known.tls.client_key = mine.private_key();
  const Viewer viewer = fetch(std::move(known));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
}

}  // namespace
}  // namespace http
