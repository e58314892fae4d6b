// HTTP dates: what fields of time and stored heads use. RFC 9110 §5.6.7.
//
// Threads    Any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace base {

// The three forms, case-sensitive as the RFC has them:
//   Sun, 06 Nov 1994 08:49:37 GMT    IMF-fixdate
//   Sunday, 06-Nov-94 08:49:37 GMT   RFC 850; a year more than 50 years after `now` is of the past
//   Sun Nov  6 08:49:37 1994         asctime
// None for anything else, and for days that do not exist. The weekday's name must be one; whether
// it is the right one for that day is not checked, since nobody relies on it.
std::optional<WallTime> parse_date(std::string_view text, WallTime now);

// IMF-fixdate; fractions of a second are cut. Years from 0 to 9999.
std::string format_date(WallTime time);

}  // namespace base
