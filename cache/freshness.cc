#include "cache/freshness.h"

#include <algorithm>
#include <array>

#include "base/date.h"

namespace cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Final statuses whose meaning we know (RFC 9110 §15, RFC 6585, RFC 7725); 206 and 304 are not
// responses on their own to a cache.
constexpr std::array kKnownStatuses = {200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307,
                                       308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
                                       410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426,
                                       428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 511};
// RFC 9110 §15.1, without 206.
constexpr std::array kHeuristicStatuses = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
constexpr std::array kNegativeStatuses = {404, 405, 410, 414, 501};

template <std::size_t N>
bool is_one_of(const std::array<int, N>& statuses, int status) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

// What the response says to us, from whichever field speaks to us most closely.
struct Instructions {
  CacheControl control;
  bool targeted = false;  // Then Cache-Control and Expires are not looked at (RFC 9213 §2.2).
};

Instructions instructions_of(const base::Fields& response) {
  if (response.contains("cdn-cache-control")) {
    if (const auto control = parse_targeted(response.joined("cdn-cache-control"))) {
      return {*control, true};
    }
  }
  if (response.contains("surrogate-control")) {
    if (const auto control = parse_surrogate_control(response.joined("surrogate-control"))) {
      return {*control, true};
    }
  }
  return {parse_cache_control(response.joined("cache-control")), false};
}

// When the origin made the response; when it came, if it does not say so plainly.
base::WallTime date_of(const base::Fields& response, base::WallTime received) {
  if (response.count("date") != 1) return received;
  return base::parse_date(*response.find("date"), received).value_or(received);
}

// None: no Age. Anything but one plain number is invalid: `valid` turns false.
milliseconds age_of(const base::Fields& response, bool& valid) {
  const auto age = response.find("age");
  if (!age) return milliseconds(0);
  valid = response.count("age") == 1 && !age->empty() &&
          std::all_of(age->begin(), age->end(), [](char c) { return c >= '0' && c <= '9'; });
  seconds value{0};
  for (const char c : valid ? *age : "") value = std::min(value * 10 + seconds(c - '0'), kDeltaMax);
  return value;
}

// RFC 9111 §5.3: an invalid date, "0" above all, is a time in the past. Of several the first ends.
milliseconds lifetime_by_expires(const base::Fields& response, base::WallTime date,
                                 base::WallTime received) {
  milliseconds lifetime = milliseconds::max();
  for (const base::Field field : response) {
    if (field.name != "expires") continue;
    const auto expires = base::parse_date(field.value, received);
    lifetime = std::min(lifetime, expires ? *expires - date : milliseconds(0));
  }
  return std::max(lifetime, milliseconds(0));
}

milliseconds heuristic_lifetime(int status, const base::Fields& response, const CachePolicy& policy,
                                base::WallTime date, base::WallTime received) {
  if (is_one_of(kNegativeStatuses, status)) return policy.negative_lifetime;
  if (policy.default_lifetime > seconds(0)) return policy.default_lifetime;
  // Old servers say so in no other way.
  if (!response.contains("cache-control") &&
      base::equals_ignoring_case(response.joined("pragma"), "no-cache")) {
    return milliseconds(0);
  }
  const auto modified = response.find("last-modified");
  const auto at = modified ? base::parse_date(*modified, received) : std::nullopt;
  if (!at || *at >= date) return milliseconds(0);
  return std::min<milliseconds>((date - *at) / 10, policy.heuristic_max);
}

struct Lifetime {
  milliseconds value{0};
  bool is_explicit = false;
};

Lifetime lifetime_of(const Instructions& says, int status, const base::Fields& response,
                     const CachePolicy& policy, base::WallTime date, base::WallTime received) {
  Lifetime lifetime;
  if (says.control.s_maxage) {
    lifetime = {*says.control.s_maxage, true};
  } else if (says.control.max_age) {
    lifetime = {*says.control.max_age, true};
  } else if (!says.targeted && response.contains("expires")) {
    lifetime = {lifetime_by_expires(response, date, received), true};
  } else {
    lifetime = {heuristic_lifetime(status, response, policy, date, received), false};
  }
  // An error is not kept for as long as a careless origin says.
  if (status >= 500)
    lifetime.value = std::min<milliseconds>(lifetime.value, policy.negative_lifetime);
  return lifetime;
}

Freshness freshness_of(const Instructions& says, Lifetime lifetime, const base::Fields& response,
                       const CachePolicy& policy, base::WallTime date, base::WallTime sent,
                       base::WallTime received) {
  const CacheControl& control = says.control;
  bool age_valid = true;
  const milliseconds age = age_of(response, age_valid);
  const milliseconds delay = std::max(received - sent, milliseconds(0));
  // Date counts whole seconds, so a fraction of one is no sign of age.
  const milliseconds apparent = std::chrono::floor<seconds>(received - date);

  Freshness freshness;
  freshness.response_time = received;
  freshness.age_initial = std::max({milliseconds(0), apparent, age + delay});
  freshness.lifetime = age_valid ? lifetime.value : milliseconds(0);
  freshness.no_cache = control.no_cache;
  freshness.immutable = control.immutable;
  // s-maxage forbids staleness too (RFC 9111 §5.2.2.10), but an origin that says beside it for how
  // long its response may be stale means that.
  const bool origin_allows_stale = control.stale_while_revalidate || control.stale_if_error;
  freshness.must_revalidate = control.must_revalidate || (control.s_maxage && !origin_allows_stale);
  if (!freshness.must_revalidate) {
    const bool may_default = !control.s_maxage;
    const auto choose = [&](const std::optional<seconds>& origins,
                            const std::optional<seconds>& sites) {
      return origins.value_or(may_default ? sites.value_or(seconds(0)) : seconds(0));
    };
    freshness.stale_while_revalidate =
        choose(control.stale_while_revalidate, policy.stale_while_revalidate);
    freshness.stale_if_error = choose(control.stale_if_error, policy.stale_if_error);
  }
  return freshness;
}

// Whether a response kept could ever be used: fresh for a time, or good for a conditional request,
// or allowed by its origin to be served stale.
bool ever_usable(const Freshness& freshness, const CacheControl& control,
                 const base::Fields& response) {
  if (response.contains("etag") || response.contains("last-modified")) return true;
  if (freshness.no_cache) return false;
  if (freshness.ttl(freshness.response_time) > milliseconds(0)) return true;
  return !freshness.must_revalidate &&
         (control.stale_while_revalidate > seconds(0) || control.stale_if_error > seconds(0));
}

StoreVerdict verdict_of(const base::Fields& request, int status, const base::Fields& response,
                        const Instructions& says, const Lifetime& lifetime, SetCookie set_cookie) {
  const CacheControl& control = says.control;
  const bool known = is_one_of(kKnownStatuses, status);
  if (status < 200 || status == 206 || status == 304) return StoreVerdict::kStatus;
  if (control.must_understand && !known) return StoreVerdict::kStatus;
  const bool no_store_is_void = control.must_understand && known;
  if (control.no_store && !no_store_is_void) return StoreVerdict::kNoStore;
  if (parse_cache_control(request.joined("cache-control")).no_store) return StoreVerdict::kNoStore;
  if (control.is_private) return StoreVerdict::kPrivate;
  // RFC 9111 §3.5.
  const bool for_sharing = control.is_public || control.s_maxage;
  if (request.contains("authorization") && !for_sharing && !control.must_revalidate) {
    return StoreVerdict::kAuthorization;
  }
  const std::vector<std::string> vary = vary_names(response);
  if (!vary.empty() && vary.front() == "*") return StoreVerdict::kVaryAll;
  // A lifetime given to caches like us alone is as plain as s-maxage.
  const bool targeted_lifetime = says.targeted && control.max_age;
  if (response.contains("set-cookie")) {
    const bool kept = set_cookie == SetCookie::kKeep && (for_sharing || targeted_lifetime);
    if (!kept && set_cookie != SetCookie::kDrop) return StoreVerdict::kSetCookie;
  }
  if (!lifetime.is_explicit && !control.is_public && !is_one_of(kHeuristicStatuses, status)) {
    return StoreVerdict::kStatus;
  }
  return StoreVerdict::kStore;
}

}  // namespace

milliseconds Freshness::age(base::WallTime now) const {
  return age_initial + std::max(now - response_time, milliseconds(0));
}

milliseconds Freshness::ttl(base::WallTime now) const { return lifetime - age(now); }

bool Freshness::fresh(base::WallTime now) const { return ttl(now) > milliseconds(0); }

std::string_view name_of(StoreVerdict verdict) {
  switch (verdict) {
    case StoreVerdict::kStore:
      return "store";
    case StoreVerdict::kStatus:
      return "status";
    case StoreVerdict::kNoStore:
      return "no_store";
    case StoreVerdict::kPrivate:
      return "private";
    case StoreVerdict::kAuthorization:
      return "authorization";
    case StoreVerdict::kVaryAll:
      return "vary_all";
    case StoreVerdict::kSetCookie:
      return "set_cookie";
    case StoreVerdict::kNoLifetime:
      return "no_lifetime";
  }
  return "unknown";
}

StoreDecision judge(const base::Fields& request, int status, const base::Fields& response,
                    const CachePolicy& policy, base::WallTime request_sent,
                    base::WallTime response_received) {
  const Instructions says = instructions_of(response);
  const base::WallTime date = date_of(response, response_received);
  const Lifetime lifetime = lifetime_of(says, status, response, policy, date, response_received);
  StoreDecision decision;
  decision.verdict = verdict_of(request, status, response, says, lifetime, policy.set_cookie);
  // Of what is not to be stored, too: a revalidated object is served once more, and has an age.
  decision.freshness =
      freshness_of(says, lifetime, response, policy, date, request_sent, response_received);
  if (decision.verdict != StoreVerdict::kStore) return decision;
  if (!ever_usable(decision.freshness, says.control, response)) {
    decision.verdict = StoreVerdict::kNoLifetime;
  }
  return decision;
}

UseDecision use_of(const Freshness& freshness, const base::Fields& request,
                   const CachePolicy& policy, base::WallTime now, bool soft_purged) {
  const auto cache_control = request.find("cache-control");
  CacheControl asks;
  if (cache_control) {
    asks = parse_cache_control(
        request.count("cache-control") == 1 ? *cache_control : request.joined("cache-control"));
  } else if (const auto pragma = request.find("pragma")) {
    asks.no_cache = base::equals_ignoring_case(*pragma, "no-cache");
  }
  if (!policy.respect_request_no_cache) {
    asks.no_cache = false;
    asks.max_age.reset();
    asks.min_fresh.reset();
  }
  // Neither side takes it without asking the origin, whatever else is said.
  if (freshness.no_cache || asks.no_cache) return {Use::kRevalidate, false};

  const milliseconds ttl = freshness.ttl(now);
  const bool fresh = ttl > milliseconds(0) && !soft_purged;
  const milliseconds staleness = std::max(-ttl, milliseconds(0));
  const auto stale_allowed = [&](milliseconds limit) {
    return limit > milliseconds(0) &&
           staleness <= std::min<milliseconds>(limit, policy.stale_max) &&
           (fresh || !freshness.must_revalidate);
  };
  const milliseconds on_error =
      std::max<milliseconds>(freshness.stale_if_error, asks.stale_if_error.value_or(seconds(0)));
  UseDecision decision{.if_error = fresh || stale_allowed(on_error)};

  const bool young_enough =
      (!asks.max_age || freshness.age(now) <= *asks.max_age || (fresh && freshness.immutable));
  const bool long_enough = !asks.min_fresh || ttl >= *asks.min_fresh;
  if (!young_enough || (fresh && !long_enough)) {
    decision.use = Use::kRevalidate;
  } else if (fresh) {
    decision.use = Use::kFresh;
  } else if (!asks.min_fresh && stale_allowed(freshness.stale_while_revalidate)) {
    decision.use = Use::kStaleOk;
  } else if (asks.max_stale && !soft_purged &&
             stale_allowed(std::min(*asks.max_stale, kDeltaMax))) {
    decision.use = Use::kStaleOk;
  } else {
    decision.use = Use::kRevalidate;
  }
  return decision;
}

}  // namespace cache
