// Keys and values of the disk tier's index: whatever the bytes are, decoding gives an entry or an
// error, and an entry encodes to the bytes it came from.
//
// The first byte chooses the kind. The checksum is made to fit, so that the fuzzer gets past it.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/index_key.h"
#include "cache/index_record.h"

namespace cache {
namespace {

constexpr std::string_view kKey = "any key";

// As docs/cache.md has it, for bytes that were made up.
std::string sealed(std::string value) {
  if (value.size() < 9) return value;
  const std::uint64_t seed =
      XXH3_64bits(kKey.data(), kKey.size()) + static_cast<std::uint8_t>(value.front());
  const std::uint64_t checksum = XXH3_64bits_withSeed(value.data() + 9, value.size() - 9, seed);
  for (unsigned i = 0; i < 8; ++i) value[1 + i] = static_cast<char>(checksum >> (8 * i));
  return value;
}

template <class Decode>
void check(const std::string& value, Decode decode) {
  (void)decode(kKey, value);
  const std::string fits = sealed(value);
  if (const auto entry = decode(kKey, fits)) CHECK(encode(kKey, *entry) == fits);
}

void check_key(std::string_view key) {
  if (const auto parsed = parse_record_key(key)) CHECK(record_key(*parsed) == key);
  if (const auto parsed = parse_chunk_key(key)) CHECK(chunk_key(*parsed) == key);
  if (const auto parsed = parse_content_key(key)) CHECK(content_key(*parsed) == key);
  if (const auto parsed = parse_region_key(key)) CHECK(region_key(*parsed) == key);
}

}  // namespace
}  // namespace cache

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string value(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      cache::check(value, cache::decode_record_entry);
      break;
    case 1:
      cache::check(value, cache::decode_chunk_entry);
      break;
    case 2:
      cache::check(value, cache::decode_content_entry);
      break;
    case 3:
      cache::check(value, cache::decode_region_entry);
      break;
    case 4:
      cache::check(value, cache::decode_settings);
      break;
    case 5:
      cache::check(value, cache::decode_purge_floor);
      break;
    case 6:
      cache::check(value, cache::decode_purge);
      break;
    default:
      cache::check_key(value);
      break;
  }
  return 0;
}
