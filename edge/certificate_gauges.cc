#include "edge/certificate_gauges.h"

#include <chrono>

namespace edge {
namespace {

constexpr const char* kName = "headrace_tls_certificate_expiry_seconds";

}  // namespace

void CertificateGauges::watch(const http::TlsStore& certificates) {
  forget();
  for (const http::TlsStore::Expiry& expiry : certificates.expiries()) {
    const base::Labels labels{{"host", expiry.host}};
    const double expires =
        std::chrono::duration<double>(expiry.not_after.time_since_epoch()).count();
    metrics_.gauge(kName,
                   "When a certificate expires, as Unix time. Less than a week away: renew it.",
                   labels, [expires] { return expires; });
    watched_.push_back(labels);
  }
}

void CertificateGauges::forget() {
  for (const base::Labels& labels : watched_) metrics_.remove_gauge(kName, labels);
  watched_.clear();
}

}  // namespace edge
