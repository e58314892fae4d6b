// EventReader: text/event-stream (WHATWG HTML, "Server-sent events"), taken apart as it comes. Of an
// event its data counts; its name, id and retry are let by.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cli {

class EventReader {
 public:
  static constexpr std::size_t kEventBytesMax = 1u << 20;

  // The data of the events that these bytes complete. kTooLarge: one has more than kEventBytesMax.
  base::Result<std::vector<std::string>> take(std::string_view bytes);

 private:
  void end_line(std::vector<std::string>& events);

  std::string line_, data_;
  bool has_data_ = false;
  bool after_return_ = false;  // "\r\n" ends one line, not two.
};

}  // namespace cli
