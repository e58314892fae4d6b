// A product from a decoder that may have been taken over. What is taken has a plain key, and is the
// same when it is written again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "worker/product.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view output(reinterpret_cast<const char*>(data), size);
  const auto parts = worker::split_product(output);
  if (!parts) return 0;
  CHECK(!parts->key.empty() && parts->key.size() <= worker::kProductKeyMax);
  for (const char c : parts->key) CHECK(c > ' ' && c < 0x7f && c != '%' && c != '&' && c != '#');
  CHECK(worker::product_head(parts->key) + std::string(parts->bytes) == output);
  return 0;
}
