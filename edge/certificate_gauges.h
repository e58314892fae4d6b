// CertificateGauges: when each certificate in use expires, for /metrics.
//
// Ownership  The registry outlives it; each watch() replaces what was watched before.
// Threads    watch() on one thread; the gauges are read wherever /metrics is.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "http/tls_store.h"

namespace edge {

class CertificateGauges {
 public:
  explicit CertificateGauges(base::Metrics& metrics) : metrics_(metrics) {}
  CertificateGauges(const CertificateGauges&) = delete;
  CertificateGauges& operator=(const CertificateGauges&) = delete;
  ~CertificateGauges() { forget(); }

  void watch(const http::TlsStore& certificates);

 private:
  void forget();

  base::Metrics& metrics_;
  std::vector<base::Labels> watched_;
};

}  // namespace edge
