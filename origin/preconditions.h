// Preconditions: whether a conditional request is to be answered with the object. RFC 9110 §13.
#pragma once

#include "base/clock.h"
#include "base/fields.h"
#include "origin/object_store.h"

namespace origin {

enum class Verdict {
  kProceed,
  kNotModified,  // 304
  kFailed,       // 412
};

// If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a GET or HEAD, in the order
// of §13.2.2. Dates that can't be read are ignored.
Verdict check_preconditions(const base::Fields& request, const ObjectInfo& object,
                            base::WallTime now);

// True unless an If-Range names another version, or names this one by something too weak to vouch
// for its bytes: a weak ETag, or a date within a second of which it changed. §13.1.5.
bool range_applies(const base::Fields& request, const ObjectInfo& object, base::WallTime now);

}  // namespace origin
