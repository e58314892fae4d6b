// CacheDirective: one directive of a Cache-Control or one of its kin, whatever syntax it came in.
#pragma once

#include <optional>
#include <string_view>

#include "cache/freshness.h"

namespace cache {

struct CacheDirective {
  std::string_view name;                     // In any case.
  std::optional<std::string_view> argument;  // Without quotes. Malformed ones as they are.
};

// Adds what a directive says; the stricter of two wins. False: not one we know.
bool add_directive(CacheControl& control, const CacheDirective& directive);

}  // namespace cache
