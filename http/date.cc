#include "http/date.h"

#include <chrono>
#include <string>

namespace http {

using std::chrono::seconds;

std::string_view current_date() {
  struct Cached {
    seconds second = seconds::min();
    std::string text;
  };
  thread_local Cached cached;
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  if (cached.second != now.time_since_epoch()) {
    cached.second = now.time_since_epoch();
    cached.text = format_date(now);
  }
  return cached.text;
}

}  // namespace http
