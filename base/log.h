// The log: one event a line, key=value, on standard error. Levels say who acts: error wakes
// someone, warning is looked at tomorrow, info tells the day's story, debug is for a bug hunt.
//
//   log_warning("origin.down", {{"site", site}, {"origin", url}, {"reason", error.context}});
//   2026-01-31T12:00:00.123Z warning origin.down site=video origin=http://10.0.0.1:9000 reason="…"
//
// Values from outside are quoted and escaped, so that they can't forge a line. Threads: any.
// Nothing on the hot path logs; a hit writes its access line and nothing else.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::string value;
};

void set_log_level(LogLevel level);  // Default kInfo.
// One line, newline included. A value is quoted and escaped unless it is plain printable ASCII.
std::string log_line(WallTime at, LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields);
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);

inline void log_debug(std::string_view event, std::initializer_list<LogField> fields) {
  log(LogLevel::kDebug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields) {
  log(LogLevel::kInfo, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields) {
  log(LogLevel::kWarning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields) {
  log(LogLevel::kError, event, fields);
}

}  // namespace base
