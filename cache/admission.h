// Admission: from the head that an origin sent to the records under which it is kept.
//
// Judges the head (freshness.h), strips what a stored head must not carry, names the object's
// version and, when the response varies, its rule and its variant's key. Pure but for drawing a
// version; nothing is inserted anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/fields.h"
#include "base/ref.h"
#include "cache/freshness.h"
#include "cache/key.h"
#include "cache/record.h"

namespace cache {

// How an origin says that a response is not for everyone: by this field, whatever its value, so that
// what we don't understand is kept from people rather than given to them.
inline constexpr std::string_view kAccessField = "headrace-access";
Access access_of(const base::Fields& response);

struct Arrival {
  std::string_view key_text;    // Without a variant.
  const base::Fields& request;  // As it was sent.
  int status = 200;             // 200 for a 206 that starts an object.
  const base::Fields& fields;
  std::optional<std::uint64_t> length;  // Of the whole body.
  const CachePolicy& policy;
  base::WallTime sent, received;
  std::uint64_t purge_sequence = 0;  // Current when the request was sent.
  std::uint32_t chunk_size = 1 << 20;
  Seed seed = 0;
  const VaryRule* known_rule = nullptr;
};

struct Admission {
  StoreVerdict verdict = StoreVerdict::kStore;
  // The refusal is due to this request (Authorization, no-store) and says nothing about others.
  bool of_this_request = false;
  base::Ref<Object> object;  // With kStore.
  base::Ref<VaryRule> rule;  // With kStore, when it varies.
};

Admission admit(const Arrival& arrival, VersionSource& versions);

// A stored object after a 304: the same version with new fields and times. `verdict` other than
// kStore: still valid for who asked, but not to be kept any longer. What was not for everyone stays
// so: a 304 that does not say it again takes nothing back.
Admission renew(const Object& stale, const Arrival& not_modified);

// The largest body whose chunks a 32-bit number can name.
constexpr std::uint64_t body_max(std::uint32_t chunk_size) {
  return std::uint64_t{chunk_size} * 0xFFFF'FFFEULL;
}

}  // namespace cache
