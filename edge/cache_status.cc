#include "edge/cache_status.h"

namespace edge {
namespace {

std::string_view name_of(Forward forward) {
  switch (forward) {
    case Forward::kNone:
      return {};
    case Forward::kUriMiss:
      return "uri-miss";
    case Forward::kStale:
      return "stale";
    case Forward::kPartial:
      return "partial";
    case Forward::kBypass:
      return "bypass";
    case Forward::kRequest:
      return "request";
    case Forward::kMethod:
      return "method";
  }
  return {};
}

}  // namespace

void append(std::string& out, const CacheStatus& status, std::string_view node_name) {
  out += node_name;
  if (status.hit) out += "; hit";
  if (status.forward != Forward::kNone) {
    out += "; fwd=";
    out += name_of(status.forward);
    if (status.forward_status) {
      out += "; fwd-status=";
      out += std::to_string(*status.forward_status);
    }
    if (status.stored) out += "; stored";
    if (status.collapsed) out += "; collapsed";
  }
  if (status.ttl) {
    out += "; ttl=";
    out += std::to_string(status.ttl->count());
  }
  if (!status.detail.empty()) {
    out += "; detail=";
    out += status.detail;
  }
}

std::string_view result_word(const CacheStatus& status) {
  switch (status.forward) {
    case Forward::kNone:
      if (!status.hit) return "none";
      return status.ttl && status.ttl->count() < 0 ? "stale" : "hit";
    case Forward::kUriMiss:
      return "miss";
    case Forward::kStale:
      if (status.served_stale) return "stale";
      return status.forward_status == 304 ? "revalidated" : "miss";
    case Forward::kPartial:
      return "partial";
    case Forward::kRequest:
      return "miss";
    case Forward::kBypass:
    case Forward::kMethod:
      return "pass";
  }
  return "none";
}

}  // namespace edge
