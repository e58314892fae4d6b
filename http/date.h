// The Date field. base/date.h reads and writes dates.
//
// Threads    Any; one cached text per thread.
#pragma once

#include <string_view>

#include "base/date.h"

namespace http {

using base::format_date;
using base::parse_date;

// The Date field's value now. Good until the thread's next call.
std::string_view current_date();

}  // namespace http
