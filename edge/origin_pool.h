// OriginPool: a site's origins, which of them are well, and which to ask next.
//
// Passive health: `failures` in a row (no connection, no answer in time; not statuses) mark an
// origin down. It is left alone for a backoff that doubles up to backoff_max; then one request at a
// time probes it, and a success brings it back. Active checks report here as well, and where a site
// has them a 5xx does not count as a success: it would hide a check that fails.
//
// With every origin down, and for a site's only one, requests are sent all the same: an origin that
// is back answers at once, and one that is not costs no more than the 502 would.
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

// The origin's URL for a target: the target behind the origin's own path, if it has one, such as
// that of a bucket.
std::string url_of(const http::Url& origin, std::string_view target);

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

  // The origin to ask, not one of `tried`. None: all others are tried, or down while one that was
  // tried is up. In order: the first that is up; balanced: the next in turn that is up. A down
  // origin whose backoff is over is given to one caller as its probe. All down: the one whose
  // backoff ends first.
  [[nodiscard]] std::optional<std::size_t> pick(const std::vector<std::size_t>& tried);

  void report_head(std::size_t origin, int status);  // It has answered a request.
  void report_success(std::size_t origin);
  void report_failure(std::size_t origin, std::string_view why);

  // What the pool before a reload knew of the same URLs.
  void inherit(const OriginPool& before);

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
  std::optional<std::size_t> soonest(const std::vector<std::size_t>& tried) const REQUIRES(mutex_);

  std::vector<http::Url> urls_;
  const OriginOrder order_;
  const HealthConfig health_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::vector<Member> members_ GUARDED_BY(mutex_);
  std::size_t turn_ GUARDED_BY(mutex_) = 0;
};

}  // namespace edge
