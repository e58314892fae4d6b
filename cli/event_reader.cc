#include "cli/event_reader.h"

#include <utility>

namespace cli {

base::Result<std::vector<std::string>> EventReader::take(std::string_view bytes) {
  std::vector<std::string> events;
  for (const char c : bytes) {
    const bool second_half = c == '\n' && after_return_;
    after_return_ = c == '\r';
    if (second_half) continue;
    if (c == '\n' || c == '\r') {
      end_line(events);
    } else if (line_.size() + data_.size() < kEventBytesMax) {
      line_ += c;
    } else {
      return base::fail(base::ErrorCode::kTooLarge, "an event of more than 1 MiB");
    }
  }
  return events;
}

void EventReader::end_line(std::vector<std::string>& events) {
  const std::string line = std::exchange(line_, {});
  if (line.empty()) {
    if (std::exchange(has_data_, false)) events.push_back(std::exchange(data_, {}));
    return;
  }
  std::string_view value = line;
  const std::string_view name = value.substr(0, value.find(':'));
  if (name != "data") return;  // Comments have no name.
  value.remove_prefix(name.size());
  if (value.starts_with(':')) value.remove_prefix(1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
}

}  // namespace cli
