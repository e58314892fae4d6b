#include "base/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>

namespace base {
namespace {

std::atomic<LogLevel> log_level{LogLevel::kInfo};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

bool may_stand_bare(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return is_printable(c) && c != ' ' && c != '"' && c != '\\' && c != '=';
  });
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  for (const char c : value) {
    switch (c) {
      case '"':
        line += "\\\"";
        break;
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        if (is_printable(c)) {
          line += c;
        } else {
          // Bytes from 0x80 up too: they may be half a character, or a terminal's C1 control.
          fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  line += '"';
}

}  // namespace

void set_log_level(LogLevel level) { log_level.store(level, std::memory_order_relaxed); }

std::string log_line(WallTime at, LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  const auto ms = at.time_since_epoch().count();
  std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {} {}",
                                 fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000,
                                 name_of(level), event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (may_stand_bare(field.value)) {
      line += field.value;
    } else {
      append_quoted(line, field.value);
    }
  }
  line += '\n';
  return line;
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < log_level.load(std::memory_order_relaxed)) return;
  const std::string line = log_line(SystemClock().wall(), level, event, fields);
  // One write a line, so that lines of different threads and processes do not mix. What can't be
  // written is lost: there is nowhere left to say so.
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace base
