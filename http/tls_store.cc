#include "http/tls_store.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/fields.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "http/ticket_keys.h"

namespace http {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

std::string last_error() {
  char text[256] = "unknown error";
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

// Ours first, then the client's order: h2 wherever it is offered.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2.
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// OpenSSL's words for these are nobody's.
base::Result<void> check_readable(const std::string& file) {
  const base::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char byte = 0;
  if (opened.get() >= 0 && ::read(opened.get(), &byte, 1) >= 0) return {};
  return base::fail(base::ErrorCode::kInvalid, file + ": " + std::strerror(errno));
}

base::Result<Context> make_context(const Certificate& certificate, TicketKeys& tickets) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  CHECK(context != nullptr);
  SSL_CTX* const raw = context.get();
  CHECK(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1);
  // AES-128-GCM costs least a byte here; a client without AES instructions puts ChaCha20 first and
  // gets it.
  CHECK(SSL_CTX_set_ciphersuites(raw,
                                 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                 "TLS_CHACHA20_POLY1305_SHA256") == 1);
  CHECK(SSL_CTX_set_cipher_list(raw,
                                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") == 1);
  CHECK(SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") == 1);
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // Tickets hold the sessions.
  static constexpr unsigned char kName[] = "headrace";
  CHECK(SSL_CTX_set_session_id_context(raw, kName, sizeof kName - 1) == 1);
  tickets.serve(raw);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  // Without this OpenSSL would ask for a passphrase on the terminal.
  SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return -1; });

  for (const std::string& file : {certificate.certificate, certificate.private_key}) {
    if (auto readable = check_readable(file); !readable) return std::unexpected(readable.error());
  }
  if (SSL_CTX_use_certificate_chain_file(raw, certificate.certificate.c_str()) != 1) {
    return base::fail(base::ErrorCode::kInvalid,
                      certificate.certificate + ": no usable PEM certificate: " + last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(raw, certificate.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool of_another = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    const std::string reason = of_another ? "the key does not belong to " + certificate.certificate
                                          : "no usable PEM key: " + last_error();
    ERR_clear_error();
    return base::fail(base::ErrorCode::kInvalid, certificate.private_key + ": " + reason);
  }
  return context;
}

base::WallTime not_after(SSL_CTX* context) {
  tm when{};
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  CHECK(certificate != nullptr && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) == 1);
  return base::WallTime(std::chrono::seconds(timegm(&when)));
}

// One load of all certificates; never changed afterwards.
struct CertificateSet {
  std::vector<Context> contexts;  // The first is the default.
  std::map<std::string, SSL_CTX*, std::less<>> exact;
  std::map<std::string, SSL_CTX*, std::less<>> wildcards;  // By what follows the "*".
  std::vector<TlsStore::Expiry> expiries;

  [[nodiscard]] SSL_CTX* find(std::string_view name) const {
    const std::string host = base::to_lower(name);
    if (const auto entry = exact.find(host); entry != exact.end()) return entry->second;
    // RFC 9525 §6.3: "*" is one whole label.
    const auto dot = host.find('.');
    if (dot == std::string::npos || dot == 0) return nullptr;
    const auto entry = wildcards.find(std::string_view(host).substr(dot));
    return entry == wildcards.end() ? nullptr : entry->second;
  }

  static int choose(SSL* ssl, int*, void* set) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX* const found = static_cast<const CertificateSet*>(set)->find(name);
    if (found != nullptr) SSL_set_SSL_CTX(ssl, found);
    return SSL_TLSEXT_ERR_OK;  // An unknown name gets the default certificate, then 421.
  }
};

}  // namespace

struct TlsStore::State {
  TicketKeys tickets;  // Outlives every set, and so every context that calls it.
  mutable base::Mutex mutex;
  std::shared_ptr<const CertificateSet> set GUARDED_BY(mutex);
};

TlsStore::TlsStore() : state_(std::make_unique<State>()) {}
TlsStore::~TlsStore() = default;

base::Result<void> TlsStore::reload(const std::vector<Certificate>& certificates) {
  if (certificates.empty()) {
    return base::fail(base::ErrorCode::kInvalid, "TLS needs at least one certificate");
  }
  auto set = std::make_shared<CertificateSet>();
  for (const Certificate& certificate : certificates) {
    auto context = make_context(certificate, state_->tickets);
    if (!context) return std::unexpected(std::move(context).error());
    SSL_CTX* const raw = context->get();
    for (const std::string& host : certificate.hosts) {
      const std::string lower = base::to_lower(host);
      if (lower.starts_with("*.")) {
        set->wildcards.emplace(lower.substr(1), raw);
      } else {
        set->exact.emplace(lower, raw);
      }
    }
    set->expiries.push_back(
        {certificate.hosts.empty() ? "default" : certificate.hosts.front(), not_after(raw)});
    set->contexts.push_back(*std::move(context));
  }
  SSL_CTX* const first = set->contexts.front().get();
  SSL_CTX_set_tlsext_servername_callback(first, CertificateSet::choose);
  SSL_CTX_set_tlsext_servername_arg(first, set.get());

  base::MutexLock lock(state_->mutex);
  state_->set = std::move(set);
  return {};
}

std::vector<TlsStore::Expiry> TlsStore::expiries() const {
  base::MutexLock lock(state_->mutex);
  return state_->set ? state_->set->expiries : std::vector<Expiry>();
}

std::shared_ptr<SSL_CTX> TlsStore::context() const {
  base::MutexLock lock(state_->mutex);
  if (!state_->set) return nullptr;
  return {state_->set, state_->set->contexts.front().get()};
}

}  // namespace http
