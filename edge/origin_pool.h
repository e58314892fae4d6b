// OriginPool: a site's origins, which of them are well, and which to ask next.
//
// Passive health: `failures` in a row (connections, timeouts, broken protocol; not statuses) mark
// an origin down. It is left alone for a backoff that doubles up to backoff_max; then one request
// at a time probes it, and a success brings it back. Active checks report here as well.
//
// Threads    All calls from any thread (one short lock; misses only).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "edge/config.h"
#include "http/url.h"

namespace edge {

struct OriginState {
  std::string url;
  bool up = true;
  std::uint32_t failures_in_row = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
};

class OriginPool {
 public:
  // `urls`: valid ones (edge::check has seen them).
  OriginPool(const std::vector<std::string>& urls, OriginOrder order, const HealthConfig& health,
             const base::Clock& clock);

  // The origin to ask, not one of `tried`. None: all others are down or tried. In order: the first
  // that is up; balanced: the next in turn that is up. A down origin whose backoff is over is given
  // to one caller as its probe.
  [[nodiscard]] std::optional<std::size_t> pick(const std::vector<std::size_t>& tried);

  void report_success(std::size_t origin);
  void report_failure(std::size_t origin);

  [[nodiscard]] const http::Url& url(std::size_t origin) const { return urls_[origin]; }
  [[nodiscard]] std::size_t size() const { return urls_.size(); }
  [[nodiscard]] std::vector<OriginState> states() const;

 private:
  struct Member {
    std::uint32_t failures_in_row = 0;
    bool up = true;
    bool probing = false;
    base::MonoTime retry_at{};
    std::chrono::milliseconds backoff{0};
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
  };
  bool may_ask(const Member& member, base::MonoTime now) const;

  std::vector<http::Url> urls_;
  const OriginOrder order_;
  const HealthConfig health_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::vector<Member> members_ GUARDED_BY(mutex_);
  std::size_t turn_ GUARDED_BY(mutex_) = 0;
};

}  // namespace edge
