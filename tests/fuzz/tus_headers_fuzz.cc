// The header fields of tus: whatever comes, it is read or refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "origin/uploads/tus_headers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto number = origin::parse_tus_number(text)) {
    CHECK(text.find_first_not_of("0123456789") == std::string_view::npos);
  }
  if (const auto pairs = origin::parse_tus_metadata(text)) {
    for (const auto& [name, value] : *pairs) CHECK(!name.empty() && value.size() <= size);
  }
  if (const auto checksum = origin::parse_tus_checksum(text)) {
    CHECK(checksum->digest.size() == 20 || checksum->digest.size() == 32);
    (void)origin::matches(*checksum, text);
  }
  if (const auto concat = origin::parse_tus_concat(text)) {
    CHECK(concat->is_partial || !concat->ids.empty());
    for (const auto& id : concat->ids) CHECK(id.find('/') == std::string_view::npos);
  }
  return 0;
}
