// Freshness: may a response be stored, for how long is it fresh, and what may be done with it when
// it no longer is. RFC 9111, RFC 5861 (stale-*), RFC 9213 (CDN-Cache-Control), RFC 8246
// (immutable).
//
// Who says how long, first to last: CDN-Cache-Control, Surrogate-Control, else Cache-Control (its
// s-maxage before its max-age), Expires, the site's default, heuristics. What is malformed counts
// as stale: serving too little from the cache is slow, serving too much is wrong.
//
// Pure functions of heads and times; nothing here knows a store or a socket. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"

namespace cache {

// The longest time that a directive can give. RFC 9111 §1.2.2.
inline constexpr std::chrono::seconds kDeltaMax{std::int64_t{1} << 31};

// One parsed Cache-Control or CDN-Cache-Control. Unknown directives are ignored; a directive given
// twice with different values takes the stricter; a malformed number counts as 0 (stale), one that
// is too large as kDeltaMax.
struct CacheControl {
  bool no_store = false;
  bool no_cache = false;    // Also with field names: treated as without.
  bool is_private = false;  // Also with field names.
  bool is_public = false;
  bool must_revalidate = false;  // Also by proxy-revalidate.
  bool must_understand = false;  // Stored only if we know the status; then no-store is void.
  bool immutable = false;
  bool only_if_cached = false;  // Requests.
  bool no_transform = false;
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::chrono::seconds> s_maxage;
  std::optional<std::chrono::seconds> stale_while_revalidate;
  std::optional<std::chrono::seconds> stale_if_error;
  std::optional<std::chrono::seconds> max_stale;  // Requests; without a value: seconds::max().
  std::optional<std::chrono::seconds> min_fresh;  // Requests.
};
CacheControl parse_cache_control(std::string_view value);
// A CDN-Cache-Control: a Dictionary of RFC 8941. None when it is empty or does not parse: then the
// field is as if it were not there (RFC 9213 §2.1).
std::optional<CacheControl> parse_targeted(std::string_view value);
// A Surrogate-Control (W3C Edge Architecture 1.0): as Cache-Control, but a directive may be meant
// for one kind of surrogate (`max-age=60;headrace`); those meant for others are left out. None when
// nothing is left.
inline constexpr std::string_view kSurrogateName = "headrace";  // For Surrogate-Capability.
std::optional<CacheControl> parse_surrogate_control(std::string_view value);

// What a site's config adds to what the origin says.
// What becomes of a response that could be stored but sets a cookie.
enum class SetCookie : std::uint8_t {
  kRefuse,  // Not stored.
  kDrop,    // Stored, and given to everyone, without the cookie.
  kKeep,    // As RFC 9111 has it: stored with it when it is public, has s-maxage or is targeted.
};

struct CachePolicy {
  // For a storable status without explicit freshness; 0: heuristics (10 % of the time since
  // Last-Modified, at most heuristic_max).
  std::chrono::seconds default_lifetime{0};
  std::chrono::seconds heuristic_max{86'400};
  // For 404, 405, 410, 414, 501 without explicit freshness, and for 5xx never more than this.
  std::chrono::seconds negative_lifetime{5};
  std::optional<std::chrono::seconds> stale_while_revalidate;  // When the origin says nothing.
  std::optional<std::chrono::seconds> stale_if_error;
  std::chrono::seconds stale_max{7 * 86'400};  // Longest that anything stale may be served.
  // A client's no-cache, max-age and min-fresh revalidate; false: ignored.
  bool respect_request_no_cache = true;
  SetCookie set_cookie = SetCookie::kRefuse;
};

struct Freshness {
  base::WallTime response_time;              // When the head arrived.
  std::chrono::milliseconds age_initial{0};  // Corrected initial age, RFC 9111 §4.2.3.
  std::chrono::milliseconds lifetime{0};
  std::chrono::milliseconds stale_while_revalidate{0};
  std::chrono::milliseconds stale_if_error{0};
  bool must_revalidate = false;  // Never served stale, not even on an error.
  bool no_cache = false;         // Revalidated at every use.
  bool immutable = false;        // While fresh, a client's max-age does not revalidate it.

  [[nodiscard]] std::chrono::milliseconds age(base::WallTime now) const;
  [[nodiscard]] std::chrono::milliseconds ttl(base::WallTime now) const;  // Negative when stale.
  [[nodiscard]] bool fresh(base::WallTime now) const;
  bool operator==(const Freshness&) const = default;
};

enum class StoreVerdict {
  kStore,
  kStatus,         // Not storable: 206 on its own, 304, unknown status without explicit freshness.
  kNoStore,        // no-store, in the request or the response.
  kPrivate,        // private.
  kAuthorization,  // Request had Authorization and the response does not allow sharing.
  kVaryAll,        // Vary: *.
  kSetCookie,      // Set-Cookie, and the site's policy does not allow it.
  kNoLifetime,     // Not fresh for any time and no validator, so never usable again.
};
std::string_view name_of(StoreVerdict verdict);

struct StoreDecision {
  StoreVerdict verdict = StoreVerdict::kStore;
  Freshness freshness;  // Meaningful with kStore.
};

// `request` as it was sent to the origin (a GET), `status` and `response` as it answered (a 206
// that starts an object is judged as the 200 it is part of: pass 200).
StoreDecision judge(const base::Fields& request, int status, const base::Fields& response,
                    const CachePolicy& policy, base::WallTime request_sent,
                    base::WallTime response_received);

// What may be done with a stored response for this request, now. RFC 9111 §4, §5.2.1.
enum class Use {
  kFresh,       // Serve.
  kStaleOk,     // Serve, and revalidate in the background (stale-while-revalidate, max-stale).
  kRevalidate,  // Ask the origin first.
};
struct UseDecision {
  Use use = Use::kFresh;
  bool if_error = false;  // May be served when the origin fails to answer.
};
// `soft_purged` makes a fresh response stale as of now.
UseDecision use_of(const Freshness& freshness, const base::Fields& request,
                   const CachePolicy& policy, base::WallTime now, bool soft_purged);

// A response's fields without those that are for this connection only: Connection and what it
// names, Keep-Alive, TE, Trailer, Transfer-Encoding, Upgrade, Proxy-*. RFC 9111 §3.1.
base::Fields storable_fields(const base::Fields& response);

// The stored fields after a 304: its storable fields replace those of the same name, but never
// those that say what the stored bytes are: Content-Length, Content-Range, Content-Encoding,
// Content-MD5, Content-Digest, Repr-Digest, ETag. RFC 9111 §3.2. The result is to be judged again;
// it has the 304's Age, and no Date when the 304 had none.
base::Fields updated_by_304(const base::Fields& stored, const base::Fields& not_modified);

// Vary, as lower-case names, sorted, without repeats. "*" gives just "*". Left out are Forwarded,
// X-Forwarded-*, X-Real-IP, X-Request-Id, Via and CDN-Loop: a fill says nothing of its client in
// them, so they can't have shaped the response, and a client must not choose a variant by them.
std::vector<std::string> vary_names(const base::Fields& response);
// The key text of the variant that `request` selects: "\nNAME=VALUE" for each name, "\nNAME" for a
// field that the request lacks. Values are normalised: repeated fields joined, space around commas
// dropped, Accept-Encoding reduced to the codings that matter (br, gzip, zstd), Accept-Language to
// lower case and order of preference.
std::string variant_text(std::string_view key_text, const std::vector<std::string>& names,
                         const base::Fields& request);

// Strong ETag, or empty.
std::string_view strong_etag(const base::Fields& response);
// Words of Surrogate-Key, xkey and Cache-Tag.
std::vector<std::string_view> surrogate_keys(const base::Fields& response);

}  // namespace cache
