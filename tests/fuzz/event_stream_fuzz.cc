// What a server calls an event stream: any bytes, cut anywhere.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/event_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cli::EventReader whole;
  const auto at_once = whole.take(text);
  cli::EventReader in_two;
  const std::size_t half = size == 0 ? 0 : data[0] % size;
  auto first = in_two.take(text.substr(0, half));
  if (!first) return 0;
  const auto second = in_two.take(text.substr(half));
  CHECK(at_once.has_value() == second.has_value());
  if (!at_once) return 0;
  first->insert(first->end(), second->begin(), second->end());
  CHECK(*first == *at_once);
  return 0;
}
