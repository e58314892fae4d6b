// TestCertificate: a fresh self-signed certificate (P-256) for one name, in PEM files that go with
// the object. Whoever trusts its file trusts it.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"

namespace http {

class TestCertificate {
 public:
  // `name`: a DNS name, or "IP:127.0.0.1".
  explicit TestCertificate(const std::string& name) {
    std::string directory = (std::filesystem::temp_directory_path() / "headrace-XXXXXX").string();
    CHECK(mkdtemp(directory.data()) != nullptr);
    directory_ = directory;

    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("headrace test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    const std::string names = name.starts_with("IP:") ? name : "DNS:" + name;
    X509_EXTENSION* san =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    CHECK(san != nullptr);
    X509_add_ext(certificate.get(), san, -1);
    X509_EXTENSION_free(san);
    CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);

    write(chain(), [&](FILE* file) { return PEM_write_X509(file, certificate.get()); });
    write(private_key(), [&](FILE* file) {
      return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;
  ~TestCertificate() { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string chain() const { return (directory_ / "cert.pem").string(); }
  [[nodiscard]] std::string private_key() const { return (directory_ / "key.pem").string(); }

 private:
  template <class Write>
  static void write(const std::string& path, Write&& write) {
    FILE* file = std::fopen(path.c_str(), "w");
    CHECK(file != nullptr);
    CHECK(write(file) == 1);
    CHECK(std::fclose(file) == 0);
  }

  std::filesystem::path directory_;
};

}  // namespace http
