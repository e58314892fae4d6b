// Records as read back from disk: whatever the bytes are, decode() gives a record or an error, and
// what it gives encodes to bytes that mean the same.
//
// The checksum is made to fit, so that the fuzzer gets past it.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "cache/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cache::Key key{1, 2};
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)cache::decode(key, bytes);
  if (size < 8) return 0;
  const std::uint64_t checksum =
      XXH3_64bits_withSeed(bytes.data() + 8, bytes.size() - 8, key.high ^ key.low);
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(checksum >> (8 * i));
  const auto record = cache::decode(key, bytes);
  if (!record) return 0;
  (void)(*record)->memory_bytes();
  // Numbers may have been written longer than need be, so the bytes may differ once, never twice.
  const std::string again = cache::encode(**record);
  const auto same = cache::decode(key, again);
  CHECK(same && cache::encode(**same) == again);
  return 0;
}
