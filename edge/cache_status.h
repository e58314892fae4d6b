// Cache-Status: what this cache did with a request, for whoever looks at the response. RFC 9211.
//
//   edge-1; hit; ttl=376; detail=ram
//   edge-1; fwd=uri-miss; fwd-status=200; stored; collapsed
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge {

// Why the request went forward; kNone: it did not.
enum class Forward : std::uint8_t {
  kNone,
  kUriMiss,  // Nothing stored under its key.
  kStale,    // Stored, but had to be revalidated.
  kPartial,  // Stored, but not these bytes.
  kBypass,   // This site or response is not cached.
  kRequest,  // The request's own directives asked for the origin.
  kMethod,   // Its method is never served from a cache.
};

struct CacheStatus {
  Forward forward = Forward::kNone;
  bool hit = false;
  bool stored = false;
  bool collapsed = false;
  bool served_stale = false;  // Because the origin failed.
  std::optional<int> forward_status;
  std::optional<std::chrono::seconds> ttl;
  std::string_view detail;  // "ram", "disk"; empty: none.
};

void append(std::string& out, const CacheStatus& status, std::string_view node_name);

// One word for logs and metrics: hit, stale, revalidated, miss, partial, pass, none.
std::string_view result_word(const CacheStatus& status);

}  // namespace edge
